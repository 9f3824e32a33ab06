/** Ways to spoil a file, as disks and people do it. */
import assert from 'node:assert/strict'
import { open, readFile, rename, truncate } from 'node:fs/promises'
import { whole } from './contents.ts'

const BLOCK_BYTES = 4096

/** A bit of one of the files, somewhere where something was written. */
export interface Spot {
  readonly path: string
  readonly offset: number
  readonly bit: number
}

/** Spots spread evenly over all that is written in the files; what was only written ahead with zeros is left out. */
export async function spotsIn(paths: readonly string[], count: number, random: () => number): Promise<Spot[]> {
  const blocks: { path: string; offset: number }[] = []
  for (const path of paths) {
    const bytes = await readFile(path)
    for (let offset = 0; offset < bytes.length; offset += BLOCK_BYTES) {
      if (bytes.subarray(offset, offset + BLOCK_BYTES).some((byte) => byte !== 0)) blocks.push({ path, offset })
    }
  }
  assert(blocks.length > 0, 'something is written there')
  return Array.from({ length: count }, () => {
    const block = blocks[whole(random, 0, blocks.length - 1)]
    assert(block !== undefined, 'one of the blocks')
    return { path: block.path, offset: block.offset + whole(random, 0, BLOCK_BYTES - 1), bit: whole(random, 0, 7) }
  })
}

export async function flip(spots: readonly Spot[]): Promise<void> {
  for (const [path, ofPath] of Map.groupBy(spots, (spot) => spot.path)) {
    await using file = await open(path, 'r+')
    const byte = Buffer.alloc(1)
    for (const { offset, bit } of ofPath) {
      const { bytesRead } = await file.read(byte, 0, 1, offset)
      if (bytesRead === 0) continue
      byte.writeUInt8(byte.readUInt8() ^ (1 << bit))
      await file.write(byte, 0, 1, offset)
    }
  }
}

/** Cut to a part of its length. */
export async function cut(path: string, part: number): Promise<void> {
  const { length } = await readFile(path)
  await truncate(path, Math.floor(length * part))
}

export async function zero(path: string): Promise<void> {
  const { length } = await readFile(path)
  await using file = await open(path, 'r+')
  await file.write(Buffer.alloc(length), 0, length, 0)
}

/** Each file in the place of the one before it. */
export async function rotate(paths: readonly string[]): Promise<void> {
  for (const path of paths) await rename(path, `${path}.moving`)
  for (const [at, path] of paths.entries()) await rename(`${path}.moving`, paths.at(at - 1) ?? path)
}
