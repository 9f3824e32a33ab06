import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestCatalog } from '../test-catalog.test-support.ts'
import { outboxHorizon, pruneOutbox } from './prune.ts'

function horizon(catalog: TestCatalog, given: { beforeMs?: number; keptRows?: number }) {
  return catalog.run(outboxHorizon, { beforeMs: 0, keptRows: 1000, ...given })
}

const changesOf = (catalog: TestCatalog): string[] =>
  catalog.engine.query('SELECT lower(hex(change_id)) AS id FROM outbox ORDER BY id').map(({ id }) => String(id))

describe('the outbox', () => {
  it('has a horizon by age, and by how many there are', () => {
    using catalog = new TestCatalog()
    catalog.commitVersion('a', {})
    catalog.nowMs += 1000
    const since = catalog.nowMs
    for (const path of ['b', 'c', 'd']) catalog.commitVersion(path, {})
    const changes = changesOf(catalog)
    assert.equal(changes.length, 5)
    assert.equal(horizon(catalog, {}), null)
    assert.equal(horizon(catalog, { beforeMs: since }), changes[1])
    assert.equal(horizon(catalog, { beforeMs: since + 1 }), changes[4])
    assert.equal(horizon(catalog, { keptRows: 5 }), null)
    assert.equal(horizon(catalog, { keptRows: 3 }), changes[1])
    assert.equal(horizon(catalog, { beforeMs: since, keptRows: 1 }), changes[3])
  })

  it('loses its oldest changes, and knows how many ever went', () => {
    using catalog = new TestCatalog()
    for (const path of ['a', 'b', 'c']) catalog.commitVersion(path, {})
    const changes = changesOf(catalog)
    const upTo = horizon(catalog, { keptRows: 1 })
    assert.ok(upTo !== null)
    const gone = (): number => catalog.count('SELECT changes_gone FROM cluster')
    assert.deepEqual([catalog.run(pruneOutbox, { upTo, limit: 2 }), gone()], [2, 2])
    assert.deepEqual([catalog.run(pruneOutbox, { upTo, limit: 2 }), gone()], [1, 3])
    assert.deepEqual([catalog.run(pruneOutbox, { upTo, limit: 2 }), gone()], [0, 3])
    assert.deepEqual(changesOf(catalog), changes.slice(3))
  })
})
