/**
 * What a worker does for one stripe, at addresses in the memory that it shares with the main thread: cut and name the plain
 * bytes, then seal the wanted chunks into the data shards of a record each, add the parity shards, and hash them all.
 *
 *     slot   | plain …                                 |
 *     slot   | record 0 | record 1 | … | record n − 1 |     once it is sealed: the ciphertext stands elsewhere by then
 *     record | head: 256 and block table | payload = one shard | zeros to 4,096 |
 */
import { crc32 } from 'node:zlib'
import { cutContent } from '@holdfast/core/chunking/cut-content.ts'
import { cutFixed } from '@holdfast/core/chunking/cut-fixed.ts'
import { defaultGearTable } from '@holdfast/core/chunking/gear-table.ts'
import { kernelScan } from '@holdfast/core/chunking/kernel-scan.ts'
import { encodeShards } from '@holdfast/core/erasure/encode.ts'
import type { Kernel } from '@holdfast/core/kernel/kernel.ts'
import { NONCE_BYTES, SUITE_PLAIN_BUCKET, TAG_BYTES } from '@holdfast/core/sealing/chunk-format.ts'
import { encodeTable, layoutStripe, type StripeLayout, type TableEntry } from '@holdfast/core/sealing/stripe-layout.ts'
import type { Sha256 } from '@holdfast/core/wire/ids.ts'
import { freeBytes } from '../seams/free-bytes.ts'
import { fillBlockTable, payloadOffsetOf, recordLengthOf } from '../storage/record.ts'
import { nameChunk, type SealedChunk, sealChunk } from './chunk-cipher.ts'
import type { CutRequest, NamedChunk, SealedPlace, SealRequest } from './compute.ts'
import { copyInto } from './copy-into.ts'

export function cutAndName(kernel: Kernel, plainAt: number, request: CutRequest): NamedChunk[] {
  const { keys, sizes } = request
  const window = { offset: plainAt + request.offset, lengthBytes: request.length, final: request.final }
  const ends = request.byContent
    ? cutContent(kernelScan(kernel, defaultGearTable), sizes, window)
    : cutFixed(sizes.maxBytes, window)
  const chunks: NamedChunk[] = []
  let start = window.offset
  for (const end of ends) {
    const id = nameChunk(keys, kernel.bytes.subarray(start, end))
    chunks.push({ offset: start - plainAt, length: end - start, id })
    start = end
  }
  return chunks
}

export interface SealedRecords {
  readonly shardBytes: number
  readonly recordBytes: number
  readonly places: readonly SealedPlace[]
  readonly hashes: readonly Sha256[]
}

/** Writes n records side by side over the plain bytes. */
export function sealStripe(
  kernel: Kernel,
  slot: { readonly at: number; readonly end: number },
  request: SealRequest,
  nonces: Uint8Array,
): SealedRecords {
  const { keys, shape } = request
  const sealed = request.chunks.map(({ id, offset, length }, i) => {
    const plain = kernel.bytes.subarray(slot.at + offset, slot.at + offset + length)
    return sealChunk(
      keys,
      { id, plain, compress: request.compress },
      nonces.slice(i * NONCE_BYTES, (i + 1) * NONCE_BYTES),
    )
  })
  const stored = sealed.map((chunk) => chunk.ciphertext.length + TAG_BYTES)
  const layout = layoutStripe(stored, shape.dataShards)
  const places = request.chunks.map(
    ({ id, length }, i): SealedPlace => ({
      chunk: id,
      place: layout.places[i] ?? 0,
      storedBytes: stored[i] ?? 0,
      plainBytes: length,
      nonce: sealed[i]?.nonce ?? new Uint8Array(),
      suite: SUITE_PLAIN_BUCKET,
      codec: sealed[i]?.codec ?? 0,
      keyEpoch: keys.keyEpoch,
    }),
  )

  const { shardBytes } = layout
  const recordBytes = recordLengthOf(shardBytes)
  const total = shape.dataShards + shape.parityShards
  if (slot.at + total * recordBytes > slot.end)
    throw new RangeError('the records are longer than the slot has room for')
  const payloads = Array.from({ length: total }, (_, i) => slot.at + i * recordBytes + payloadOffsetOf(shardBytes))
  writeStripe(kernel.bytes, payloads, { layout, sealed, table: tableOf(request, places, layout) })
  encodeShards(kernel, shape, shardBytes, payloads.slice(0, shape.dataShards), payloads.slice(shape.dataShards))

  const hashes: Sha256[] = []
  for (const [i, payloadAt] of payloads.entries()) {
    const record = kernel.bytes.subarray(slot.at + i * recordBytes, slot.at + (i + 1) * recordBytes)
    record.fill(0, payloadAt - slot.at - i * recordBytes + shardBytes)
    hashes.push(fillBlockTable(record, shardBytes))
  }
  return { shardBytes, recordBytes, places, hashes }
}

function tableOf(
  { keys, shape, stripe }: SealRequest,
  places: readonly SealedPlace[],
  layout: StripeLayout,
): Uint8Array {
  const entries = places.map((place): TableEntry => ({ ...place, chunk: Buffer.from(place.chunk, 'hex') }))
  const name = { bucket: Buffer.from(keys.bucket, 'hex'), stripe: Buffer.from(stripe, 'hex'), ...shape }
  return encodeTable(name, entries, layout, crc32)
}

/** Lays chunks, gaps and table over the data shards' payloads; each byte of them is written, for the memory was used before. */
function writeStripe(
  memory: Uint8Array,
  payloads: readonly number[],
  stripe: { layout: StripeLayout; sealed: readonly SealedChunk[]; table: Uint8Array },
): void {
  const { shardBytes } = stripe.layout
  let at = 0
  const copy = (bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.length; ) {
      const inShard = at % shardBytes
      const length = Math.min(bytes.length - done, shardBytes - inShard)
      const to = (payloads[Math.floor(at / shardBytes)] ?? 0) + inShard
      copyInto(memory, to, bytes.subarray(done, done + length))
      done += length
      at += length
    }
  }
  const zeroUntil = (end: number): void => {
    while (at < end) {
      const inShard = at % shardBytes
      const length = Math.min(end - at, shardBytes - inShard)
      const from = (payloads[Math.floor(at / shardBytes)] ?? 0) + inShard
      memory.fill(0, from, from + length)
      at += length
    }
  }
  for (const [i, chunk] of stripe.sealed.entries()) {
    zeroUntil(stripe.layout.places[i] ?? 0)
    copy(chunk.ciphertext)
    freeBytes(chunk.ciphertext)
    copy(chunk.tag)
  }
  zeroUntil(stripe.layout.tableAt)
  copy(stripe.table)
}
