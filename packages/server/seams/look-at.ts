/** What lies at a path, whatever leads there: links are followed, so that one directory has one name. */
import * as fs from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { systemCodeOf } from './disk.ts'

export type Found =
  /** `file` is the same for one directory that is mounted at two places. */
  | { readonly is: 'directory'; readonly realPath: string; readonly file: string; readonly names: readonly string[] }
  /** `makable` where the directory that it would lie in is there. */
  | { readonly is: 'missing'; readonly realPath: string; readonly makable: boolean }
  /** A file, or a link to nothing. */
  | { readonly is: 'in the way'; readonly realPath: string }

/** Failures of the system other than that nothing is there are the caller's. */
export async function lookAt(path: string): Promise<Found> {
  const realPath = await realPathOf(path)
  if (realPath === undefined) return await withoutTarget(resolve(path))
  const stat = await fs.stat(realPath)
  if (!stat.isDirectory()) return { is: 'in the way', realPath }
  return { is: 'directory', realPath, file: `${stat.dev}:${stat.ino}`, names: (await fs.readdir(realPath)).sort() }
}

async function withoutTarget(path: string): Promise<Found> {
  const parent = await realPathOf(dirname(path))
  if (parent === undefined) return { is: 'missing', realPath: path, makable: false }
  const realPath = join(parent, basename(path))
  if (await isNamed(realPath)) return { is: 'in the way', realPath }
  return { is: 'missing', realPath, makable: (await fs.stat(parent)).isDirectory() }
}

async function realPathOf(path: string): Promise<string | undefined> {
  try {
    return await fs.realpath(path)
  } catch (error) {
    if (isNothing(error)) return undefined
    throw error
  }
}

/** Also by a link to nothing. */
export async function isNamed(path: string): Promise<boolean> {
  try {
    await fs.lstat(path)
    return true
  } catch (error) {
    if (isNothing(error)) return false
    throw error
  }
}

function isNothing(error: unknown): boolean {
  const code = systemCodeOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}
