/**
 * Makes a directory that is still there when the power has gone: a directory is a name in the one that it lies in, and all that is
 * synced within it goes with that name.
 */
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCodeOf } from './disk.ts'

const DIRECTORY_MODE = 0o700

/** With all that it lies in, each durable when this returns. `path` is absolute; where it is there already, that is as well. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await firstMade(path)
  if (first === undefined) {
    // Whoever made it may have been killed before the sync. Or it is long there, in what others own and this may not even open.
    await syncDirectory(dirname(path)).catch(() => undefined)
    return
  }
  for (let each = path; each.length >= first.length; each = dirname(each)) await syncDirectory(dirname(each))
}

/** Undefined where it was there. Not recursive at first: so, a file system that is mounted read-only says that something is missing. */
async function firstMade(path: string): Promise<string | undefined> {
  try {
    await mkdir(path, { mode: DIRECTORY_MODE })
    return path
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT' && systemCodeOf(error) !== 'EEXIST') throw error
    return await mkdir(path, { recursive: true, mode: DIRECTORY_MODE })
  }
}

/** Makes the names in it durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
