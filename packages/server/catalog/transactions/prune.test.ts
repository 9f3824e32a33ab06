import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestCatalog } from '../test-catalog.test-support.ts'
import { pruneOutbox } from './prune.ts'

describe('pruneOutbox', () => {
  it('drops old rows that have a number, and no others', () => {
    using catalog = new TestCatalog()
    for (const path of ['a', 'b', 'c']) catalog.commitVersion(path, {})
    const beforeId = catalog.ids.next()
    catalog.commitVersion('d', {})
    assert.equal(catalog.run(pruneOutbox, { beforeId, limit: 10 }), 0)
    catalog.engine.query('UPDATE outbox SET number = 1')
    assert.equal(catalog.run(pruneOutbox, { beforeId, limit: 3 }), 3)
    assert.equal(catalog.run(pruneOutbox, { beforeId, limit: 3 }), 1)
    assert.equal(catalog.count('SELECT count(*) FROM outbox'), 1)
  })
})
