/** Opens segment stores for tests: on a directory of the real file system with the real index, or on a disk in memory. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asId, IdMaker } from '@holdfast/core/wire/ids.ts'
import { seededFloats } from '../../../tests/seeded-floats.ts'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
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

/** A disk in memory that a store can be opened on. */
export async function simulatedDisk(capacityBytes?: number): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk({ random: seededRandom(1), ...(capacityBytes === undefined ? {} : { capacityBytes }) })
  await makeTestDisk(disk)
  return disk
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

export function seededRandom(seed: number): Random {
  const float = seededFloats(seed)
  return { float, bytes: (length) => Uint8Array.from({ length }, () => Math.floor(float() * 256)) }
}

/** What tests put where any bytes will do. */
export const PAYLOAD = seededRandom(3).bytes(10_000)
