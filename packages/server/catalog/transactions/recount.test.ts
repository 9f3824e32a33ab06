import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Id } from '@holdfast/core/wire/ids.ts'
import { chunkNamed, pageOf, TestCatalog } from '../test-catalog.test-support.ts'
import { type Difference, type RecountPosition, recount } from './recount.ts'

const [a, b] = [chunkNamed('a'), chunkNamed('b')]

function differences(catalog: TestCatalog, limit = 1, bucket?: Id): Difference[] {
  const found: Difference[] = []
  let after: RecountPosition | null = null
  do {
    const result: ReturnType<typeof one> = one(catalog, after, limit, bucket)
    found.push(...result.differences)
    after = result.next
  } while (after !== null)
  return found
}

function one(catalog: TestCatalog, after: RecountPosition | null, limit: number, bucket?: Id) {
  return catalog.run(recount, { after, limit, ...(bucket !== undefined && { bucket }) })
}

function filled(): TestCatalog {
  const catalog = new TestCatalog()
  const session = catalog.openSession()
  catalog.commitStripe({ session, chunks: [a, b] })
  catalog.commitVersion('lone', { sessions: [session.session], chunk: a })
  catalog.commitVersion('paged', { sessions: [session.session], pages: [pageOf([a, b])] })
  return catalog
}

function emptySlotsOf(kind: number): string {
  return `UPDATE chunks SET holder_id = NULL, holder_kind = NULL WHERE holder_kind = ${kind}`
}

describe('recount', () => {
  it('finds nothing where the counts hold', () => {
    using catalog = filled()
    for (const limit of [1, 2, 100]) assert.deepEqual(differences(catalog, limit), [])
  })

  for (const [damage, expected] of [
    ['UPDATE chunks SET refs = refs + 1', ['chunk', 'chunk']],
    ['UPDATE pages SET refs = 0', ['page']],
    ['DELETE FROM chunks', ['chunk', 'page holds', 'version holds']],
    ['DELETE FROM pages', ['page']],
    ['DELETE FROM page_refs', ['page', 'version holds']],
    ['DELETE FROM chunk_refs', ['chunk', 'page holds']],
    [emptySlotsOf(1), ['chunk', 'version holds']],
    [emptySlotsOf(2), ['chunk', 'page holds']],
    [
      'INSERT INTO chunk_refs SELECT bucket_id, chunk_id, holder_id, holder_kind FROM chunks',
      ['chunk', 'chunk', 'page holds', 'version holds'],
    ],
  ] as const) {
    it(`finds what ${damage} did`, () => {
      using catalog = filled()
      catalog.engine.query(damage)
      for (const limit of [1, 100]) {
        const found = differences(catalog, limit)
        assert.deepEqual(found.map((each) => each.of).sort(), [...expected].sort())
        assert.equal(
          found.every((each) => each.kept !== each.counted && each.bucket === catalog.bucket),
          true,
        )
      }
      assert.deepEqual(differences(catalog, 100, catalog.ids.next()), [])
    })
  }
})
