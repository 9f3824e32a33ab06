import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
import { GOLDEN_PAYLOADS, GOLDEN_SEGMENT, writeGoldenDisk } from './golden-segment.test-support.ts'
import { memoryIndexOptions, seededRandom } from './segment-store.test-support.ts'
import { SegmentStore } from './segment-store.ts'
import { refuses, sameBytes, shardIdOf } from './shard-store-contract.ts'

function fixture(name: string): Promise<Buffer> {
  return readFile(new URL(`../../../fixtures/formats/${name}`, import.meta.url))
}

describe('the first format of a disk', () => {
  it('is read for ever', async () => {
    const disk = new SimulatedDisk({ random: seededRandom(1) })
    disk.setContents('identity', await fixture('identity-1'))
    await disk.makeDirectory('segments')
    disk.setContents(GOLDEN_SEGMENT, await fixture('segment-1.seg'))
    const store = await SegmentStore.open(memoryIndexOptions(disk))
    for (const number of [0, 1]) sameBytes(await store.get(shardIdOf(number)), GOLDEN_PAYLOADS[number] ?? Buffer.of())
    await refuses('shard_not_found', () => store.get(shardIdOf(2)))
    assert.deepEqual(
      (await store.list({ limit: 10 })).map(({ id, order, trashed }) => [id.stripe.slice(-1), order.sequence, trashed]),
      [
        ['0', 1, false],
        ['1', 2, true],
      ],
    )
    assert.equal(store.damagedPlaces, 0)
    assert.equal((await store.report()).starts, 3)
  })

  it('is what is written now', async () => {
    const disk = await writeGoldenDisk()
    assert.ok((await fixture('segment-1.seg')).equals(disk.contents(GOLDEN_SEGMENT)))
    assert.ok((await fixture('identity-1')).equals(disk.contents('identity')))
  })
})
