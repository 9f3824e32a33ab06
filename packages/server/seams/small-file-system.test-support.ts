/**
 * A real file system in memory, so small that its end is soon met: a real ENOSPC, and no O_DIRECT on older kernels. Nothing
 * but a mount gives that, so that tests which need it are skipped, with the reason, where this process may not mount; in CI
 * a skip counts as failed.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class SmallFileSystem implements Disposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** Its size as `mount` takes it: `3m`. */
  static mount(size: string): SmallFileSystem {
    const path = mkdtempSync(join(tmpdir(), 'holdfast-small-'))
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'pipe' })
    } catch (error) {
      rmdirSync(path)
      throw error
    }
    return new SmallFileSystem(path)
  }

  /** A file that is still open here is told of as an error, and goes all the same. */
  [Symbol.dispose](): void {
    try {
      execFileSync('umount', [this.path], { stdio: 'pipe' })
    } catch (error) {
      execFileSync('umount', ['--lazy', this.path])
      throw error
    } finally {
      rmdirSync(this.path)
    }
  }
}

/** What `skip` of a test takes: the reason where none can be had, false where one can. */
export function whyNoSmallFileSystem(): string | false {
  try {
    SmallFileSystem.mount('1m')[Symbol.dispose]()
    return false
  } catch (error) {
    const why = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ').trim() : error
    return `needs a file system in memory, which root may mount, or anybody under 'unshare --map-root-user --mount': ${why}`
  }
}
