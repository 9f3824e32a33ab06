/**
 * Secret files in a directory, handed in. A secret is a short text that nobody but its owner may read: where group or others
 * may, it counts as known to them, and it is refused until its owner has seen to that.
 *
 * A secret is made once and never replaced. It is written beside its name, synced, and renamed, so that a crash leaves all of
 * it or none. Whoever creates holds the catalog's lock, so no other process makes the same name meanwhile.
 */
import * as fs from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { systemCodeOf } from './disk.ts'
import { isNamed } from './look-at.ts'
import { makeDirectory, syncDirectory } from './make-directory.ts'

export interface SecretFiles {
  /** Undefined where there is no such file. @throws SecretRefusedError where others may read it */
  read(name: string): Promise<string | undefined>
  /** Durable when it returns. @throws SecretRefusedError where the name is taken */
  create(name: string, text: string): Promise<void>
  /** The name as a person finds it. */
  pathOf(name: string): string
}

/** A secret that must not or cannot be used; the sentence says what to do about it. */
export class SecretRefusedError extends HoldfastError {
  constructor(message: string, options?: ErrorOptions) {
    super('format_unknown', message, options)
  }
}

const NAME = /^[a-z0-9][a-z0-9.-]*(\/[a-z0-9][a-z0-9.-]*)*$/
const FILE_MODE = 0o600
const OTHERS = 0o077
const SECRET_BYTES_MAX = 64 * 1024
/** Windows guards files by lists that these bits do not show. */
const MODES_COUNT = process.platform !== 'win32'

export class SecretDirectory implements SecretFiles {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = resolve(directory)
  }

  pathOf(name: string): string {
    assert(NAME.test(name), `not a name below a directory: ${name}`)
    return join(this.#directory, name)
  }

  async read(name: string): Promise<string | undefined> {
    const path = this.pathOf(name)
    const file = await openToRead(path)
    if (file === undefined) return undefined
    try {
      // Asked of the open file: what a path names may change between two calls.
      const { mode, size } = await file.stat()
      if (MODES_COUNT && (mode & OTHERS) !== 0) {
        const shown = (mode & 0o777).toString(8).padStart(4, '0')
        throw new SecretRefusedError(
          `${path} may be read or changed by others (mode ${shown}): run \`chmod 600 ${path}\`, and think of who has read it`,
        )
      }
      if (size > SECRET_BYTES_MAX) throw new SecretRefusedError(`${path} is longer than any secret: ${size} bytes`)
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  }

  async create(name: string, text: string): Promise<void> {
    const path = this.pathOf(name)
    const directory = dirname(path)
    await makeDirectory(directory)
    if (await isNamed(path)) throw new SecretRefusedError(`${path} is there already and is never replaced`)
    const beside = `${path}.new`
    await fs.rm(beside, { force: true })
    const file = await fs.open(beside, 'wx', FILE_MODE)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await fs.rename(beside, path)
    // The directories' own names may be as new as the file's.
    for (let each = directory; each !== this.#directory; each = dirname(each)) await syncDirectory(each)
    await syncDirectory(this.#directory)
  }
}

async function openToRead(path: string): Promise<fs.FileHandle | undefined> {
  try {
    return await fs.open(path, 'r')
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
