import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { bytesIn } from './catalog/cells.ts'
import { packShards, unpackShards } from './catalog/packed-shards.ts'
import type { ShardRow } from './catalog/rows.ts'
import { TestGateway } from './gateway.test-support.ts'

describe('a shard that was late when its stripe was committed', () => {
  it('is missing on its own node when its put fails, and still expected of the one that it moves to', async () => {
    await using test = await TestGateway.open()
    const { promise: wait, resolve: goOn } = Promise.withResolvers<void>()
    test.stores[2]?.inject({ on: 'put', wait: () => wait, error: new HoldfastError('node_unavailable', 'away') })
    await test.put('file', randomBytes(4096))
    const { engine } = test.catalog
    const stored = (): ShardRow[] => {
      const [row = assert.fail()] = engine.query('SELECT shards FROM stripes', [])
      return unpackShards(bytesIn(row, 'shards'))
    }
    const late = stored().find(({ state }) => state === 'expected') ?? assert.fail()
    engine.query('UPDATE stripes SET shards = ?', [packShards([...stored(), { ...late, node: 6 }])])
    goOn()
    await new Promise(setImmediate)
    const states = stored().flatMap(({ index, node, state }) => (index === late.index ? [`${node} ${state}`] : []))
    assert.deepEqual(states, [`${late.node} missing`, '6 expected'])
  })
})
