import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { asChunkId, type ChunkId } from '@holdfast/core/wire/ids.ts'
import { type ChunkEntry, decodeEntries, pageIdOf } from '../catalog/page-list.ts'
import { type Page, PageCutter } from './page-cutter.ts'

/** A chunk id that ends no page, and one that does where the page is long enough. */
const plain = (n: number): ChunkId => asChunkId(`0001${n.toString(16).padStart(60, '0')}`)
const cutting = (n: number): ChunkId => asChunkId(`fc00${n.toString(16).padStart(60, '0')}`)

function pagesOf(entries: readonly ChunkEntry[]): Page[] {
  const cutter = new PageCutter()
  const pages = entries.map(({ chunk, plainBytes }) => cutter.add(chunk, plainBytes))
  return [...pages, cutter.end()].filter((page) => page !== undefined)
}

function entriesOf(chunks: readonly ChunkId[]): ChunkEntry[] {
  return chunks.map((chunk, index) => ({ chunk, plainBytes: 1000 + index }))
}

const countsOf = (chunks: readonly ChunkId[]): number[] => pagesOf(entriesOf(chunks)).map(({ count }) => count)
const run = (length: number, from = 0): ChunkId[] => Array.from({ length }, (_, i) => plain(from + i))
const hashed = (length: number): ChunkId[] =>
  Array.from({ length }, (_, i) => asChunkId(createHash('sha256').update(`chunk ${i}`).digest('hex')))

describe('the page cutter', () => {
  it('makes pages that hold every entry in order, and say what they hold', () => {
    const entries = entriesOf(hashed(10_000))
    const pages = pagesOf(entries)
    assert.deepEqual(
      pages.flatMap((page) => decodeEntries(page.entries)),
      entries,
    )
    for (const page of pages) {
      const inside = decodeEntries(page.entries)
      assert.equal(page.page, pageIdOf(page.entries))
      assert.equal(page.count, inside.length)
      assert.equal(
        page.plainBytes,
        inside.reduce((sum, { plainBytes }) => sum + plainBytes, 0),
      )
    }
  })

  it('ends a page with the chunk that says so, from 250 entries on', () => {
    assert.deepEqual(countsOf([...run(249), cutting(1), ...run(10)]), [250, 10])
    assert.deepEqual(countsOf([...run(248), cutting(1), ...run(10)]), [259])
    assert.deepEqual(countsOf([...run(500), cutting(1), cutting(2), ...run(248), cutting(3)]), [501, 250])
  })

  it('looks at ten bits of the id', () => {
    for (const [first, ends] of [
      ['0000', true],
      ['fc00', true],
      ['0400', true],
      ['0200', false],
      ['0100', false],
      ['0001', false],
      ['fc80', false],
    ] as const) {
      const id = asChunkId(first + 'f'.repeat(60))
      assert.deepEqual(countsOf([...run(300), id, ...run(5)]), ends ? [301, 5] : [306], first)
    }
  })

  it('ends a page at 2,000 entries', () => {
    assert.deepEqual(countsOf(run(2000)), [2000])
    assert.deepEqual(countsOf(run(4001)), [2000, 2000, 1])
    assert.deepEqual(countsOf([...run(1999), cutting(1), plain(0)]), [2000, 1])
  })

  it('has no empty page', () => {
    assert.deepEqual(countsOf([]), [])
    assert.deepEqual(countsOf([...run(300), cutting(1)]), [301])
    const cutter = new PageCutter()
    cutter.add(plain(1), 1)
    assert.equal(cutter.end()?.count, 1)
    assert.equal(cutter.end(), undefined)
  })

  it('leaves the other pages as they are where chunks are put in, taken out or changed', () => {
    const chunks = hashed(60_000)
    const before = new Set(pagesOf(chunks.map((chunk) => ({ chunk, plainBytes: 1 }))).map(({ page }) => page))
    const middle = 30_000
    for (const edited of [
      chunks.toSpliced(middle, 0, plain(1), plain(2), plain(3)),
      chunks.toSpliced(middle, 3),
      chunks.with(middle, plain(1)),
    ]) {
      const after = pagesOf(edited.map((chunk) => ({ chunk, plainBytes: 1 }))).map(({ page }) => page)
      const fresh = after.filter((page) => !before.has(page)).length
      assert.ok(fresh <= 5, `${fresh} of ${after.length} pages are new`)
      assert.ok(fresh >= 1)
    }
    // The control: pages of a thousand, one after the other, are all new behind the place.
    const byCount = (all: readonly ChunkId[]): string[] =>
      Array.from({ length: Math.ceil(all.length / 1000) }, (_, i) => all.slice(i * 1000, (i + 1) * 1000).join())
    const known = new Set(byCount(chunks))
    assert.ok(byCount(chunks.toSpliced(middle, 3)).filter((page) => !known.has(page)).length >= 30)
  })
})
