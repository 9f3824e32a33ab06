/** What a gateway reads and writes while drives are away, damaged, or without some of their shards. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { bytesIn } from './catalog/cells.ts'
import { packShards, unpackShards } from './catalog/packed-shards.ts'
import type { ShardRow } from './catalog/rows.ts'
import { query } from './catalog/transaction.ts'
import { pieces, refusal, TestGateway } from './gateway.test-support.ts'

const KiB = 1024
const MiB = 1024 * KiB

const away = new HoldfastError('node_unavailable', 'away')

/** Of the one stripe that there is. */
function shardsIn({ catalog }: TestGateway): ShardRow[] {
  const [row] = catalog.engine.query('SELECT shards FROM stripes', [])
  return row === undefined ? [] : unpackShards(bytesIn(row, 'shards'))
}

async function changeShards(test: TestGateway, change: (shards: readonly ShardRow[]) => ShardRow[]): Promise<void> {
  const changed = packShards(change(shardsIn(test)))
  await test.catalog.write({ name: 'test', run: () => query('UPDATE stripes SET shards = ?', changed) }, {})
}

describe('a gateway whose drives are away or damaged', () => {
  it('reads everything with any two of five nodes away, and says so with three', async () => {
    await using test = await TestGateway.open()
    const small = randomBytes(4 * KiB)
    const large = randomBytes(5 * MiB)
    await test.put('small', small)
    await test.put('large', pieces(large))
    for (let first = 0; first < 5; first++) {
      for (let second = first + 1; second < 5; second++) {
        for (const node of [first, second]) test.stores[node]?.inject({ on: 'get', error: away })
        assert.deepEqual(await test.get('small'), small)
        assert.deepEqual(await test.get('large'), large)
        assert.deepEqual(
          await test.get('large', { offset: 3_000_000, length: 1000 }),
          large.subarray(3_000_000, 3_001_000),
        )
        const third = [0, 1, 2, 3, 4].find((node) => node !== first && node !== second) ?? 0
        test.stores[third]?.inject({ on: 'get', error: away })
        await assert.rejects(test.get('large'), refusal('file_unavailable'))
        for (const store of test.stores) store.heal()
        await test.nodes.refresh()
      }
    }
  })

  it('serves right bytes from damaged nodes, and marks what is damaged; three damaged nodes give an error, never wrong bytes', async () => {
    await using test = await TestGateway.open()
    const large = randomBytes(5 * MiB)
    await test.put('large', pieces(large))
    const damage = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0x40)
    test.stores[0]?.inject({ on: 'get', damage })
    test.stores[3]?.inject({ on: 'get', damage })
    assert.deepEqual(await test.get('large'), large)
    const [row] = test.catalog.engine.query('SELECT count(*) AS n FROM stripes WHERE spare < 2', [])
    assert.ok(Number(row?.['n']) > 0)
    const found = (await test.gateway.cluster.health()).nodes.map(({ shardsDamaged }) => shardsDamaged)
    assert.ok(test.gateway.tally.shards.damaged > 0)
    assert.equal((found[0] ?? 0) + (found[3] ?? 0), test.gateway.tally.shards.damaged, `${found}`)
    test.stores[1]?.inject({ on: 'get', damage })
    await assert.rejects(test.get('large'), (error) => error instanceof HoldfastError)
  })

  it('relies on what is stored while k of its shards are there, and stores it again when nobody could read it', async () => {
    await using test = await TestGateway.open({ nodes: 8 })
    const body = randomBytes(4 * KiB)
    const stripes = (): number => test.catalog.engine.query('SELECT stripe_id FROM stripes', []).length
    await test.put('path', body)
    const holders = shardsIn(test).map(({ node }) => node)
    const takeAway = async (node = 0): Promise<void> => {
      for (const on of ['report', 'get', 'put'] as const) test.stores[node - 1]?.inject({ on, error: away })
      await test.nodes.refresh()
    }
    await takeAway(holders[0])
    await takeAway(holders[1])
    await test.put('path', body)
    assert.equal(stripes(), 1)
    await takeAway(holders[2])
    await assert.rejects(test.get('path'), refusal('file_unavailable'))
    await test.put('path', body)
    assert.equal(stripes(), 2)
    assert.deepEqual(await test.get('path'), body)
  })

  it('writes on with one node away, refuses with two, and goes on when they are back', async () => {
    await using test = await TestGateway.open()
    const body = randomBytes(4 * KiB)
    test.stores[1]?.inject({ on: 'put', error: away })
    await test.put('one-away', body)
    test.stores[2]?.inject({ on: 'put', error: away })
    await assert.rejects(
      test.put(
        'two-away',
        body.map((byte) => byte ^ 1),
      ),
      refusal('quorum_lost'),
    )
    await assert.rejects(test.get('two-away'), refusal('file_not_found'))
    for (const store of test.stores) store.heal()
    await test.nodes.refresh()
    await test.put('two-away', body)
    assert.deepEqual(await test.get('one-away'), body)
    assert.deepEqual(await test.get('two-away'), body)
  })

  it('takes another node for one that fails during the write', async () => {
    await using test = await TestGateway.open({ nodes: 7 })
    for (const node of [0, 1]) test.stores[node]?.inject({ on: 'put', error: away })
    const body = randomBytes(100 * KiB)
    await test.put('file', body)
    const [row] = test.catalog.engine.query('SELECT spare AS n FROM stripes', [])
    assert.equal(row?.['n'], 2)
  })

  it('calls a shard missing after a second look, and only on the node that has it not', async () => {
    await using test = await TestGateway.open({ nodes: 6 })
    const body = randomBytes(4 * KiB)
    await test.put('file', body)
    const first = shardsIn(test)[0]
    const holder = test.stores[(first?.node ?? 0) - 1]
    const missing = { on: 'get', error: new HoldfastError('shard_not_found', 'not here') } as const
    holder?.inject({ ...missing, times: 1 })
    assert.deepEqual(await test.get('file'), body)
    await new Promise(setImmediate)
    assert.ok(shardsIn(test).every(({ state }) => state === 'durable'))
    holder?.inject({ ...missing, times: 2 })
    assert.deepEqual(await test.get('file'), body)
    await new Promise(setImmediate)
    assert.deepEqual(
      shardsIn(test).map(({ state }) => state),
      ['missing', 'durable', 'durable', 'durable', 'durable'],
    )

    // It was on its way to the sixth node, which has lost it.
    const nodes = new Set(shardsIn(test).map(({ node }) => node))
    const sixth = [1, 2, 3, 4, 5, 6].find((node) => !nodes.has(node)) ?? 0
    await changeShards(test, ([old, ...others]) => {
      if (old === undefined) return others
      return [{ ...old, node: sixth, state: 'durable' }, { ...old, state: 'durable' }, ...others]
    })
    assert.deepEqual(await test.get('file'), body)
    await new Promise(setImmediate)
    assert.deepEqual(
      shardsIn(test).map(({ state }) => state),
      ['missing', 'durable', 'durable', 'durable', 'durable', 'durable'],
    )
  })

  it('reads shards that are only expected where there are too few others, and does not call them missing', async () => {
    await using test = await TestGateway.open()
    const body = randomBytes(4 * KiB)
    await test.put('file', body)
    await changeShards(test, (shards) =>
      shards.map((shard, at) => (at < 3 ? { ...shard, state: 'expected' as const } : shard)),
    )
    const [first] = shardsIn(test)
    test.stores[(first?.node ?? 0) - 1]?.inject({ on: 'get', error: new HoldfastError('shard_not_found', 'not here') })
    assert.deepEqual(await test.get('file'), body)
    await new Promise(setImmediate)
    assert.equal(shardsIn(test).filter(({ state }) => state === 'expected').length, 3)
  })
})
