import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { IdMaker } from '@holdfast/core/wire/ids.ts'
import { systemRandom } from '../seams/random.ts'
import { MemoryStore } from '../storage/memory-store.ts'
import type { NodeReport } from '../storage/shard-store.ts'
import { Nodes, type NodeView } from './nodes.ts'

const ids = new IdMaker(Date.now, systemRandom.bytes)

/** Says of itself what a test wants. */
class SayingStore extends MemoryStore {
  said: Partial<NodeReport> = {}

  override async report(): Promise<NodeReport> {
    return { ...(await super.report()), ...this.said }
  }
}

describe('a node that says it is suspect', () => {
  it('is read and takes no new shards until it says otherwise, and each change is told', async () => {
    const store = new SayingStore({ node: ids.next(), disk: ids.next(), lineage: ids.next(), capacityBytes: 1000 })
    const told: string[] = []
    const nodes = new Nodes({ link: () => store }, (before, after) => told.push(`${before.state} ${after.state}`))
    const at: Pick<NodeView, 'name' | 'zone' | 'region'> = { name: 'drive-1', zone: 'a', region: 'here' }
    const view = { ...at, number: 1, id: ids.next(), weight: 1, capacityBytes: 1000, freeBytes: 1000 }
    nodes.add({ ...view, state: 'online', writable: true })
    const takers = (): number => nodes.takers(10).length
    store.said = { state: 'suspect', readErrors: 9 }
    await nodes.refresh()
    assert.deepEqual([nodes.isOnline(1), takers(), nodes.readErrorsOf(1), nodes.away()], [true, 0, 9, []])
    store.said = {}
    await nodes.refresh()
    assert.deepEqual([nodes.isOnline(1), takers(), nodes.readErrorsOf(1)], [true, 1, 0])
    assert.deepEqual(told, ['online suspect', 'suspect online'])
  })
})
