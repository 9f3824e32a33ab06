/**
 * A version's chunks: a *page list* names pages, a page holds *entries*, an entry is a chunk and its plain length.
 * `docs/formats.md`, *The catalog*, has the bytes.
 */
import { createHash } from 'node:crypto'
import { assert } from '@holdfast/core/wire/assert.ts'
import { asChunkId, asId, type ChunkId, type Id } from '@holdfast/core/wire/ids.ts'
import { bytesOf, hexOf } from './cells.ts'
import type { PageRef } from './rows.ts'

const PAGE_REF_BYTES = 28
const CHUNK_ENTRY_BYTES = 36

export interface ChunkEntry {
  readonly chunk: ChunkId
  readonly plainBytes: number
}

export function encodePageList(pages: readonly PageRef[]): Uint8Array {
  const bytes = new Uint8Array(pages.length * PAGE_REF_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [index, page] of pages.entries()) {
    const at = index * PAGE_REF_BYTES
    bytes.set(bytesOf(page.page), at)
    view.setUint32(at + 16, page.entries)
    view.setBigUint64(at + 20, BigInt(page.plainBytes))
  }
  return bytes
}

export function decodePageList(bytes: Uint8Array): PageRef[] {
  assert(bytes.length % PAGE_REF_BYTES === 0, 'a page list is whole')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const pages: PageRef[] = []
  for (let at = 0; at < bytes.length; at += PAGE_REF_BYTES) {
    const page = asId(hexOf(bytes.subarray(at, at + 16)))
    pages.push({ page, entries: view.getUint32(at + 16), plainBytes: Number(view.getBigUint64(at + 20)) })
  }
  return pages
}

export function encodeEntries(entries: readonly ChunkEntry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * CHUNK_ENTRY_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [index, entry] of entries.entries()) {
    const at = index * CHUNK_ENTRY_BYTES
    bytes.set(bytesOf(entry.chunk), at)
    view.setUint32(at + 32, entry.plainBytes)
  }
  return bytes
}

export function decodeEntries(bytes: Uint8Array): ChunkEntry[] {
  assert(bytes.length % CHUNK_ENTRY_BYTES === 0, 'a page is whole')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const entries: ChunkEntry[] = []
  for (let at = 0; at < bytes.length; at += CHUNK_ENTRY_BYTES) {
    const chunk = asChunkId(hexOf(bytes.subarray(at, at + 32)))
    entries.push({ chunk, plainBytes: view.getUint32(at + 32) })
  }
  return entries
}

export function pageIdOf(entries: Uint8Array): Id {
  return asId(createHash('sha256').update(entries).digest('hex').slice(0, 32))
}
