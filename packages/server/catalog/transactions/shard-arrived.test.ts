import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytesIn } from '../cells.ts'
import { packShards, unpackShards } from '../packed-shards.ts'
import { chunkNamed, TestCatalog } from '../test-catalog.test-support.ts'
import { shardArrived } from './shard-arrived.ts'
import { shardsDamaged } from './shards-damaged.ts'

describe('a late receipt', () => {
  it('is its own node’s, where the index was on its way to two', () => {
    using catalog = new TestCatalog()
    const states = ['durable', 'durable', 'durable', 'durable', 'expected'] as const
    const { stripe } = catalog.commitStripe({ session: catalog.openSession(), chunks: [chunkNamed('a')], states })
    const late = stripe.shards[4] ?? assert.fail()
    const other = { ...late, node: 6 }
    catalog.engine.query('UPDATE stripes SET shards = ?', [packShards([...stripe.shards, other])])
    const lateStates = (): string[] => {
      const [row = assert.fail()] = catalog.engine.query('SELECT shards FROM stripes', [])
      const shards = unpackShards(bytesIn(row, 'shards'))
      return shards.filter(({ index }) => index === 4).map(({ node, state }) => `${node} ${state}`)
    }
    catalog.run(shardArrived, { stripe: stripe.stripe, ...late })
    assert.deepEqual(lateStates(), ['5 durable', '6 expected'])
    catalog.run(shardsDamaged, { stripe: stripe.stripe, indexes: [4], node: 6, state: 'missing' })
    assert.deepEqual(lateStates(), ['5 durable', '6 missing'])
  })
})
