/**
 * A disk in memory that behaves as badly as a real one may. What was not synced when the power goes is lost, kept or torn, each
 * write for itself and in any mixture; a name that was not synced is the old one or the new one. It can run full, fail to
 * read, to write and to sync, write a part and then fail, and be slow; it counts how often each of these happened, because a
 * test whose faults never fired has shown nothing.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import type { Disk, DiskFile, OpenOptions } from '@holdfast/server/seams/disk.ts'
import type { Random } from '@holdfast/server/seams/random.ts'
import { type Change, type Content, change, cutsBefore, type Inode, newInode, type Write } from './simulated-inode.ts'

const SECTOR_BYTES = 512

export type DiskFault =
  | 'lostWrite'
  | 'keptWrite'
  | 'tornWrite'
  | 'lostName'
  | 'keptName'
  | 'readError'
  | 'writeError'
  | 'partialWrite'
  | 'syncError'
  | 'noSpace'
  | 'slow'

/** How likely each fault is, per operation, from 0 to 1. */
export type FaultRates = Partial<Record<'readError' | 'writeError' | 'partialWrite' | 'syncError' | 'slow', number>>

export interface SimulatedDiskOptions {
  readonly random: Random
  readonly capacityBytes?: number
  /** Waits between the beginning and the end of an operation; a crash may come there. */
  readonly pause?: (kind: 'read' | 'write' | 'sync' | 'slow') => Promise<void>
  /** For negative controls: answers every sync and durable write, and makes nothing durable. */
  readonly syncDoesNothing?: boolean
}

export class SimulatedDisk implements Disk {
  readonly #random: Random
  readonly #pause: (kind: 'read' | 'write' | 'sync' | 'slow') => Promise<void>
  readonly #syncDoesNothing: boolean
  readonly #capacityBytes: number
  #files = new Map<string, Inode>()
  #directories = new Set(['.'])
  /** What each name meant since its directory was last synced, the stable meaning first. */
  #nameHistory = new Map<string, (Inode | undefined)[]>()
  #directoryHistory = new Set<string>()
  /** Handles and operations of an earlier life never answer. */
  #life = 0
  #away = false
  #forced: DiskFault[] = []
  rates: FaultRates = {}
  /** What others have put on it. */
  fillBytes = 0
  readonly fired = new Map<DiskFault, number>()

  constructor(options: SimulatedDiskOptions) {
    this.#random = options.random
    this.#pause = options.pause ?? (() => Promise.resolve())
    this.#syncDoesNothing = options.syncDoesNothing ?? false
    this.#capacityBytes = options.capacityBytes ?? Number.MAX_SAFE_INTEGER
  }

  /** The power goes. Whoever was using the disk never hears from it again; open it anew. */
  crash(): void {
    this.#life++
    const inodes = new Set(this.#files.values())
    for (const [name, meanings] of this.#nameHistory) {
      for (const meaning of meanings) if (meaning !== undefined) inodes.add(meaning)
      const kept = Math.floor(this.#random.float() * meanings.length)
      this.#count(kept === meanings.length - 1 ? 'keptName' : 'lostName')
      const meaning = meanings[kept]
      if (meaning === undefined) this.#files.delete(name)
      else this.#files.set(name, meaning)
    }
    for (const name of this.#directoryHistory) if (this.#random.float() < 0.5) this.#loseDirectory(name)
    for (const inode of inodes) this.#settle(inode)
    this.#nameHistory.clear()
    this.#directoryHistory.clear()
  }

  /** The process ends; the system keeps what it was given, synced or not, until the power goes. */
  kill(): void {
    this.#life++
  }

  /** The next operation that can meet this fault meets it. */
  force(fault: 'readError' | 'writeError' | 'partialWrite' | 'syncError' | 'noSpace'): void {
    this.#forced.push(fault)
  }

  /** The drive is pulled, or put back: without it, no name is found. */
  setAway(away: boolean): void {
    this.#away = away
  }

  /** The bytes of a file as they are now, to look at or to damage. */
  contents(name: string): Uint8Array {
    const inode = this.#files.get(name)
    assert(inode !== undefined, `no such file: ${name}`)
    return inode.current.bytes
  }

  /** Replaces a file's bytes behind everybody's back. */
  setContents(name: string, bytes: Uint8Array): void {
    const change: Change = { is: 'write', position: 0, bytes: bytes.slice() }
    const inode = newInode()
    inode.stable.apply(change)
    inode.current.apply(change)
    this.#files.set(name, inode)
  }

  /** All file names there are, synced or not. */
  get names(): string[] {
    return [...this.#files.keys()]
  }

  /** A bit turns on the platter, and whoever reads it from now on sees it so. */
  flipBit(name: string, position: number, bit: number): void {
    const inode = this.#files.get(name)
    assert(inode !== undefined, `no such file: ${name}`)
    for (const { bytes } of [inode.stable, inode.current]) {
      const byte = bytes[position]
      if (byte !== undefined) bytes[position] = byte ^ (1 << bit)
    }
  }

  async open(name: string, { mode, durable = false }: OpenOptions): Promise<DiskFile> {
    await this.#begin()
    const known = this.#files.get(name)
    if (mode !== 'create') {
      if (known === undefined) throw systemError('ENOENT', name)
      return this.#handle(known, durable)
    }
    if (known !== undefined) throw systemError('EEXIST', name)
    if (!this.#directories.has(directoryOf(name))) throw systemError('ENOENT', name)
    const inode = newInode()
    this.#rename(name, inode)
    return this.#handle(inode, durable)
  }

  async list(directory: string): Promise<string[]> {
    await this.#begin()
    const names = [...this.#files.keys(), ...this.#directories].filter(
      (name) => name !== '.' && directoryOf(name) === directory,
    )
    return names.map((name) => name.slice(name.lastIndexOf('/') + 1)).sort()
  }

  async makeDirectory(name: string): Promise<void> {
    await this.#begin()
    if (this.#directories.has(name)) throw systemError('EEXIST', name)
    this.#directories.add(name)
    this.#directoryHistory.add(name)
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#begin()
    const inode = this.#files.get(from)
    if (inode === undefined) throw systemError('ENOENT', from)
    this.#rename(to, inode)
    this.#rename(from, undefined)
  }

  async remove(name: string): Promise<void> {
    await this.#begin()
    if (!this.#files.has(name)) throw systemError('ENOENT', name)
    this.#rename(name, undefined)
  }

  async exists(name: string): Promise<boolean> {
    await this.#begin()
    return this.#files.has(name) || this.#directories.has(name)
  }

  async syncDirectory(name: string): Promise<void> {
    await this.#begin('sync')
    if (!this.#directories.has(name)) throw systemError('ENOENT', name)
    this.#fail('syncError', 'EIO')
    if (this.#syncDoesNothing) return
    for (const each of [...this.#nameHistory.keys()]) if (directoryOf(each) === name) this.#nameHistory.delete(each)
    for (const each of [...this.#directoryHistory]) if (directoryOf(each) === name) this.#directoryHistory.delete(each)
  }

  async space(): Promise<{ capacityBytes: number; freeBytes: number }> {
    await this.#begin()
    return { capacityBytes: this.#capacityBytes, freeBytes: Math.max(0, this.#capacityBytes - this.#usedBytes()) }
  }

  #handle(inode: Inode, durable: boolean): DiskFile {
    const life = this.#life
    let closed = false
    const begin = async (kind?: 'read' | 'write' | 'sync'): Promise<void> => {
      assert(!closed, 'a closed file is not used')
      if (life !== this.#life) await never()
      await this.#begin(kind)
      if (life !== this.#life) await never()
    }
    const sync = (synced: readonly Change[]): void => {
      this.#fail('syncError', 'EIO')
      if (this.#syncDoesNothing) return
      for (const change of synced) inode.stable.apply(change)
      inode.pending = inode.pending.filter((change) => !synced.includes(change))
    }
    return {
      write: async (pieces, position) => {
        const bytes = Buffer.concat(pieces)
        const written: Change = { is: 'write', position, bytes }
        // The system sees the bytes at once and the platter later: a crash in between finds them pending.
        if (life !== this.#life) await never()
        this.#write(inode, written)
        await begin('write')
        // O_DSYNC: these bytes, and no others that may be waiting; a length that was cut before them was cut by then.
        if (durable) sync([...cutsBefore(inode, written), written])
      },
      read: async (into, position) => {
        await begin('read')
        this.#fail('readError', 'EIO')
        return inode.current.copyOut(into, position)
      },
      readNow: (into, position) => {
        this.#fail('readError', 'EIO')
        return inode.current.copyOut(into, position)
      },
      sync: async () => {
        await begin('sync')
        sync(inode.pending)
      },
      size: async () => {
        await begin()
        return inode.current.length
      },
      truncate: async (lengthBytes) => {
        await begin()
        change(inode, { is: 'truncate', lengthBytes })
      },
      close: async () => {
        closed = true
      },
      [Symbol.asyncDispose]: async () => {
        closed = true
      },
    }
  }

  #write(inode: Inode, written: Write): void {
    this.#fail('writeError', 'EIO')
    const end = written.position + written.bytes.length
    const grows = Math.max(0, end - inode.current.length)
    const missing = grows === 0 ? 0 : this.#usedBytes() + grows - this.#capacityBytes
    const forced = this.#isForced('noSpace')
    if (missing > 0 || forced) {
      this.#count('noSpace')
      const fits = Math.max(0, written.bytes.length - Math.max(missing, 0)) * (forced ? this.#random.float() : 1)
      this.#writePart(inode, written, Math.floor(fits))
      throw systemError('ENOSPC', '')
    }
    if (this.#happens('partialWrite')) {
      this.#writePart(inode, written, Math.floor(this.#random.float() * written.bytes.length))
      throw systemError('EIO', '')
    }
    change(inode, written)
  }

  #writePart(inode: Inode, written: Write, lengthBytes: number): void {
    change(inode, { ...written, bytes: written.bytes.slice(0, lengthBytes) })
  }

  /** Decides what of the pending changes reached the platter. */
  #settle(inode: Inode): void {
    for (const made of inode.pending) {
      const luck = this.#random.float()
      if (luck < 1 / 3) this.#count('lostWrite')
      else if (luck < 2 / 3 || made.is === 'truncate') {
        this.#count('keptWrite')
        inode.stable.apply(made)
      } else {
        this.#count('tornWrite')
        this.#tear(inode.stable, made)
      }
    }
    inode.pending = []
    inode.current.become(inode.stable)
  }

  /** Each sector of the write is there or not. */
  #tear(platter: Content, { position, bytes }: Write): void {
    for (let from = 0; from < bytes.length; from += SECTOR_BYTES) {
      if (this.#random.float() < 0.5) continue
      platter.apply({ is: 'write', position: position + from, bytes: bytes.subarray(from, from + SECTOR_BYTES) })
    }
  }

  #rename(name: string, inode: Inode | undefined): void {
    const history = this.#nameHistory.get(name) ?? [this.#files.get(name)]
    this.#nameHistory.set(name, [...history, inode])
    if (inode === undefined) this.#files.delete(name)
    else this.#files.set(name, inode)
  }

  #loseDirectory(name: string): void {
    this.#directories.delete(name)
    for (const file of [...this.#files.keys()]) if (directoryOf(file) === name) this.#files.delete(file)
  }

  #usedBytes(): number {
    let used = this.fillBytes
    for (const inode of this.#files.values()) used += inode.current.length
    return used
  }

  async #begin(kind: 'read' | 'write' | 'sync' = 'read'): Promise<void> {
    const life = this.#life
    await this.#pause(kind)
    if (this.#happens('slow')) await this.#pause('slow')
    if (life !== this.#life) await never()
    if (this.#away) throw systemError('ENOENT', 'the drive is away')
  }

  #fail(fault: 'readError' | 'writeError' | 'syncError', code: string): void {
    if (this.#happens(fault)) throw systemError(code, '')
  }

  #happens(fault: keyof FaultRates): boolean {
    if (!this.#isForced(fault) && this.#random.float() >= (this.rates[fault] ?? 0)) return false
    this.#count(fault)
    return true
  }

  #isForced(fault: DiskFault): boolean {
    const place = this.#forced.indexOf(fault)
    if (place >= 0) this.#forced.splice(place, 1)
    return place >= 0
  }

  #count(fault: DiskFault): void {
    this.fired.set(fault, (this.fired.get(fault) ?? 0) + 1)
  }
}

function directoryOf(name: string): string {
  const slash = name.lastIndexOf('/')
  return slash < 0 ? '.' : name.slice(0, slash)
}

function never(): Promise<never> {
  return new Promise<never>(() => undefined)
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code })
}
