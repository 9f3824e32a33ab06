/** Opens segment stores for tests: on a directory of the real file system with the real index, or on a disk in memory. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asId, IdMaker } from '@holdfast/core/wire/ids.ts'
import { systemClock } from '../seams/clock.ts'
import type { Disk } from '../seams/disk.ts'
import { FileDisk } from '../seams/file-disk.ts'
import { type Random, systemRandom } from '../seams/random.ts'
import type { HoldOptions } from './held-disk.ts'
import { makeIdentity } from './identity.ts'
import { MemoryIndex } from './memory-index.ts'
import { LINEAGE } from './shard-store-contract.ts'
import { openSqliteIndex } from './sqlite-index.ts'

export const CLUSTER = asId('0198f00000000000000000000000000a')
export const NODE = asId('0198f00000000000000000000000000b')
export const DISK = asId('0198f00000000000000000000000000c')
export const OWNER = { cluster: CLUSTER, disk: DISK }
export const WHO = { cluster: CLUSTER, lineage: LINEAGE, node: NODE, disk: DISK }

export interface TestDirectory extends AsyncDisposable {
  readonly path: string
  readonly disk: FileDisk
}

export async function testDirectory(under = tmpdir()): Promise<TestDirectory> {
  const path = await mkdtemp(join(under, 'holdfast-storage-'))
  return { path, disk: new FileDisk(path), [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** What opens a store on `disk` with an index in memory, so that every opening reads the segments. */
export function memoryIndexOptions(disk: Disk): HoldOptions {
  return {
    disk,
    clock: systemClock,
    ids: new IdMaker(
      () => systemClock.now(),
      (length) => systemRandom.bytes(length),
    ),
    openIndex: async () => new MemoryIndex(),
    cluster: CLUSTER,
    node: NODE,
    sealedHeader: Buffer.from('sealed header'),
    reserveBytes: 0,
  }
}

/** What opens a store on a real directory with its SQLite index. */
export async function fileOptions(disk: FileDisk, boot?: string): Promise<HoldOptions> {
  const token = boot ?? (await disk.memoryToken())
  return { ...memoryIndexOptions(disk), openIndex: openSqliteIndex(disk, { boot: token, clock: systemClock }) }
}

export async function makeTestDisk(disk: Disk): Promise<void> {
  await makeIdentity(disk, WHO)
}

/** Mulberry32: small, and the same everywhere. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const float = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return { float, bytes: (length) => Uint8Array.from({ length }, () => Math.floor(float() * 256)) }
}
