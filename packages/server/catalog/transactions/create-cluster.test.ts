import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestCatalog } from '../test-catalog.test-support.ts'
import { createCluster, loadCluster } from './create-cluster.ts'

describe('createCluster', () => {
  it('answers the cluster that is there', () => {
    using catalog = new TestCatalog()
    const existing = catalog.run(loadCluster, {})
    assert.notEqual(existing, null)
    const other = { clusterId: catalog.ids.next(), lineage: catalog.ids.next(), nowMs: 0 }
    const keys = { recoveryPublicKey: Uint8Array.of(1), sealedHeader: Uint8Array.of(2) }
    assert.deepEqual(catalog.run(createCluster, { ...other, ...keys }), existing)
    catalog.engine.query('DELETE FROM cluster')
    assert.equal(catalog.run(loadCluster, {}), null)
    const made = catalog.run(createCluster, { ...other, ...keys })
    assert.deepEqual(catalog.run(loadCluster, {}), made)
    assert.equal(made.sequence, 0)
  })
})
