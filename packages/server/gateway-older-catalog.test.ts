/** A catalog that is found to be older than its nodes. `tests/cluster/older-catalog.test.ts` does it to a whole store. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { loadCluster } from './catalog/transactions/create-cluster.ts'
import { CatalogAge, tellNodes } from './cluster/catalog-age.ts'
import { refusal, TestGateway, tester } from './gateway.test-support.ts'
import { systemClock } from './seams/clock.ts'

const unkeyed = { preconditions: {}, idempotencyKey: undefined, idempotencyScope: '', requester: tester }

describe('a catalog that is older than its nodes', () => {
  it('is read, and neither written nor heard by a node', async () => {
    const age = new CatalogAge(7)
    await using test = await TestGateway.open({ age })
    const { names, buckets, reaper } = test.gateway
    const body = randomBytes(100_000)
    const { fileId, versionId } = (await test.put('kept', body)).answer
    await test.put('gone', randomBytes(1000))
    await names.delete({ bucket: 'default', path: 'gone', ...unkeyed })
    const changes = (path: string): (() => Promise<unknown>)[] => [
      () => test.put(path, randomBytes(100)),
      () => test.put(path, randomBytes(100), { idempotencyKey: path }),
      // Its chunks are stored, so that no node is asked.
      () => test.put(path, body),
      () => names.move({ file: fileId, path: `${path}/moved`, overwrite: false, ...unkeyed }),
      () => names.setTags({ file: fileId, tags: { path }, ...unkeyed }),
      () => names.restore({ file: fileId, version: versionId, ...unkeyed }),
      () => names.delete({ bucket: 'default', path, ...unkeyed }),
      () => buckets.create(path, {}, tester),
      () => reaper.run(),
    ]
    for (const change of changes('before')) await change()
    age.note('drive-1', 8)
    const look = async () => [
      await names.list({ limit: 9 }),
      await Promise.all(test.memories.map((each) => each.report())),
    ]
    const before = await look()
    for (const change of changes('after')) await assert.rejects(change(), refusal('recovering'))
    assert.deepEqual(await look(), before)
    assert.deepEqual(await test.get('before/moved'), body)
  })

  it('is known by the number of a later start, and one node that keeps it is enough', async () => {
    await using test = await TestGateway.open()
    const { lineage, sequence } = (await test.catalog.read(loadCluster, {})) ?? assert.fail()
    const away = { on: 'close', error: new HoldfastError('node_unavailable', 'away') } as const
    for (const store of test.stores.slice(1)) store.inject(away)
    await tellNodes(test.catalog, test.nodes, systemClock, lineage)
    const { closedBelow } = (await test.memories[0]?.report()) ?? assert.fail()
    assert.equal(closedBelow, sequence)
    assert.equal(new CatalogAge(sequence).note('drive-1', closedBelow), undefined)
    assert.match(new CatalogAge(sequence - 1).note('drive-1', closedBelow) ?? '', /older than the drives/)
    test.stores[0]?.inject(away)
    await tellNodes(test.catalog, test.nodes, systemClock, lineage)
  })
})
