/**
 * The disk seam on a real file system: one directory, and names below it.
 *
 * A durable write is `O_DIRECT | O_DSYNC`: on Linux that beat every other way in every size that was measured, because
 * nothing is copied into the page cache and one system call does the work of two. Where the file system knows no O_DIRECT,
 * or the memory is not aligned for it, the same bytes go through a plain O_DSYNC handle; on systems whose O_DSYNC does not
 * reach the platter, a write is followed by a sync.
 */
import * as fs from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { assert } from '@holdfast/core/wire/assert.ts'
import { type Disk, type DiskFile, type OpenOptions, systemCodeOf } from './disk.ts'

const { O_CREAT, O_DIRECT, O_DSYNC, O_EXCL, O_RDONLY, O_RDWR } = fs.constants
const NAME = /^[a-z0-9][a-z0-9.-]*(\/[a-z0-9][a-z0-9.-]*)*$/
const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700
/** Only Linux promises that O_DSYNC means what `sync` means. */
const DSYNC_IS_ENOUGH = process.platform === 'linux'

const openFile = promisify(fs.open)
const closeFile = promisify(fs.close)
const syncFile = promisify(fs.fdatasync)
const truncateFile = promisify(fs.ftruncate)
const statFile = promisify(fs.fstat)

export class FileDisk implements Disk {
  readonly #directory: string

  /** The directory must be there: a mount that is missing is never papered over with an empty directory. */
  constructor(directory: string) {
    this.#directory = directory
  }

  /** For what opens its own file below this directory: SQLite. */
  pathOf(name: string): string {
    assert(name === '.' || NAME.test(name), `not a name below a disk's directory: ${name}`)
    return join(this.#directory, name)
  }

  async open(name: string, { mode, durable = false, uncached = false }: OpenOptions): Promise<DiskFile> {
    const path = this.pathOf(name)
    const flags = mode === 'read' ? O_RDONLY : mode === 'write' ? O_RDWR : O_RDWR | O_CREAT | O_EXCL
    if (uncached) return await withDirect(await openFile(path, O_RDONLY), path, O_RDONLY)
    if (!durable || !DSYNC_IS_ENOUGH)
      return new OpenFile(await openFile(path, flags, FILE_MODE), { syncAfterWrite: durable })
    return await withDirect(await openFile(path, flags | O_DSYNC, FILE_MODE), path, O_RDWR | O_DSYNC)
  }

  async list(directory: string): Promise<string[]> {
    try {
      return (await fs.promises.readdir(this.pathOf(directory))).sort()
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return []
      throw error
    }
  }

  async makeDirectory(name: string): Promise<void> {
    await fs.promises.mkdir(this.pathOf(name), { mode: DIRECTORY_MODE })
  }

  async rename(from: string, to: string): Promise<void> {
    await fs.promises.rename(this.pathOf(from), this.pathOf(to))
  }

  async remove(name: string): Promise<void> {
    await fs.promises.unlink(this.pathOf(name))
  }

  async exists(name: string): Promise<boolean> {
    try {
      await fs.promises.stat(this.pathOf(name))
      return true
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return false
      throw error
    }
  }

  async syncDirectory(name: string): Promise<void> {
    const directory = await openFile(this.pathOf(name), O_RDONLY)
    try {
      await promisify(fs.fsync)(directory)
    } finally {
      await closeFile(directory)
    }
  }

  async space(): Promise<{ capacityBytes: number; freeBytes: number }> {
    const { blocks, bavail, bsize } = await fs.promises.statfs(this.#directory)
    return { capacityBytes: blocks * bsize, freeBytes: bavail * bsize }
  }

  /**
   * Changes whenever unsynced writes to this disk may have been lost without this program noticing: with the machine's
   * boot, or when another file system lies here. Without a boot id to ask for, each process trusts only itself.
   */
  async memoryToken(): Promise<string> {
    const { dev } = await fs.promises.stat(this.#directory)
    const boot = await fs.promises
      .readFile('/proc/sys/kernel/random/boot_id', 'utf8')
      .catch(() => `process ${process.pid}`)
    return `${boot.trim()} ${dev}`
  }
}

/** With a second handle past the page cache, where the file system has such. */
async function withDirect(handle: number, path: string, flags: number): Promise<OpenFile> {
  try {
    return new OpenFile(handle, { direct: await openFile(path, flags | O_DIRECT) })
  } catch (error) {
    if (systemCodeOf(error) === 'EINVAL') return new OpenFile(handle, {})
    await closeFile(handle)
    throw error
  }
}

class OpenFile implements DiskFile {
  readonly #handle: number
  readonly #direct: number | undefined
  readonly #syncAfterWrite: boolean
  #closed = false

  constructor(handle: number, options: { direct?: number; syncAfterWrite?: boolean }) {
    this.#handle = handle
    this.#direct = options.direct
    this.#syncAfterWrite = options.syncAfterWrite ?? false
  }

  async write(pieces: readonly Uint8Array[], position: number): Promise<void> {
    if (this.#direct === undefined) await writeAll(this.#handle, pieces, position)
    else {
      try {
        await writeAll(this.#direct, pieces, position)
      } catch (error) {
        // Memory that is not aligned as this disk wants it. What was written so far is written again.
        if (systemCodeOf(error) !== 'EINVAL') throw error
        await writeAll(this.#handle, pieces, position)
      }
    }
    if (this.#syncAfterWrite) await this.sync()
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let done = 0
    while (done < into.length) {
      const count = await this.#readSome(into, done, position + done)
      if (count === 0) break
      done += count
    }
    return done
  }

  async #readSome(into: Uint8Array, from: number, position: number): Promise<number> {
    if (this.#direct === undefined) return await readSome(this.#handle, into, from, position)
    try {
      return await readSome(this.#direct, into, from, position)
    } catch (error) {
      // As in `write`; behind the end of a file, too, where that is not aligned.
      if (systemCodeOf(error) !== 'EINVAL') throw error
      return await readSome(this.#handle, into, from, position)
    }
  }

  readNow(into: Uint8Array, position: number): number {
    let done = 0
    while (done < into.length) {
      const count = fs.readSync(this.#handle, into, done, into.length - done, position + done)
      if (count === 0) break
      done += count
    }
    return done
  }

  async sync(): Promise<void> {
    await syncFile(this.#handle)
  }

  async size(): Promise<number> {
    return (await statFile(this.#handle)).size
  }

  async truncate(lengthBytes: number): Promise<void> {
    await truncateFile(this.#handle, lengthBytes)
  }

  async close(): Promise<void> {
    // A handle's number is given out again at once: closing it twice would close somebody else's file.
    if (this.#closed) return
    this.#closed = true
    await closeFile(this.#handle)
    if (this.#direct !== undefined) await closeFile(this.#direct)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** The system may take fewer bytes than it was given; the rest is given again, until all are taken or it names an error. */
async function writeAll(handle: number, pieces: readonly Uint8Array[], position: number): Promise<void> {
  let left: readonly Uint8Array[] = pieces
  let at = position
  while (left.length > 0) {
    const written = await writeSome(handle, left, at)
    assert(written > 0, 'a write that takes nothing names an error')
    at += written
    left = behind(left, written)
  }
}

function behind(pieces: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written
  const left: Uint8Array[] = []
  for (const piece of pieces) {
    if (skip >= piece.length) skip -= piece.length
    else {
      left.push(skip === 0 ? piece : piece.subarray(skip))
      skip = 0
    }
  }
  return left
}

function writeSome(handle: number, pieces: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.writev(handle, pieces, position, (error, written) => (error === null ? resolve(written) : reject(error)))
  })
}

function readSome(handle: number, into: Uint8Array, from: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(handle, into, from, into.length - from, position, (error, count) =>
      error === null ? resolve(count) : reject(error),
    )
  })
}
