/** A file of a disk that hangs: a pipe with its name, which nobody ever writes to. */
import { execFileSync } from 'node:child_process'
import { open, rm } from 'node:fs/promises'

/** Ends the wait of whoever opened what hangs. */
export type GoOn = () => Promise<void>

/** Puts a pipe in the place of the file: whoever opens it hangs. */
export async function hangAt(path: string): Promise<GoOn> {
  await rm(path)
  execFileSync('mkfifo', [path])
  return async () => {
    // Opened for both, a pipe waits for nobody; those who wait for it go on, and whoever comes later finds nothing.
    const both = await open(path, 'r+')
    await rm(path)
    await both.close()
  }
}
