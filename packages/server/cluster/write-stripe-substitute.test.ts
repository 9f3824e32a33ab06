/** A shard that is sent twice, because its first node is silent: both may write at the same time, each on a disk of its own. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asId } from '@holdfast/core/wire/ids.ts'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
import type { DiskFile } from '../seams/disk.ts'
import { systemRandom } from '../seams/random.ts'
import { ChangedDisk } from '../storage/changed-disk.test-support.ts'
import { makeIdentity } from '../storage/identity.ts'
import { memoryIndexOptions, WHO } from '../storage/segment-store.test-support.ts'
import { SegmentStore } from '../storage/segment-store.ts'
import { lineage, stripeOf, World } from './write-stripe.test-support.ts'

/** Looks at the memory that it is to write no sooner than it is let. */
class HeldUpDisk extends ChangedDisk {
  goOn: Promise<void> = Promise.resolve()

  override changed(file: DiskFile): DiskFile {
    return {
      ...file,
      write: async (pieces, position) => {
        await this.goOn
        await file.write(pieces, position)
      },
    }
  }
}

/** As long as a simulated disk takes for its part. */
async function diskTurns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
}

describe('a substitute for a silent node', () => {
  it('has bytes of its own, for the node before it may wake and write its header into them', async () => {
    const disks: HeldUpDisk[] = []
    const segments: SegmentStore[] = []
    for (let number = 0; number < 6; number++) {
      const disk = new HeldUpDisk(new SimulatedDisk({ random: systemRandom }))
      await makeIdentity(disk, { ...WHO, lineage, disk: asId(`0d${number}0`.repeat(8)) })
      disks.push(disk)
      segments.push(await SegmentStore.open(memoryIndexOptions(disk)))
    }
    const world = new World(6, segments)
    // Each has begun its segment by then, so that the next thing it writes is a shard.
    await world.write({ dataShards: 4, parityShards: 2 })
    const letGo = [0, 1, 2, 3, 4, 5].map((number) => world.hang(number))
    const writing = world.write({ number: 2 })
    await diskTurns()
    const sixth = world.stores.findIndex(({ fired }) => fired.get('put') === undefined)
    const { promise: goOn, resolve: write } = Promise.withResolvers<void>()
    const disk = disks[sixth]
    assert.ok(disk !== undefined)
    disk.goOn = goOn
    world.clock.advance(2000)
    letGo[sixth]?.()
    await diskTurns()
    // The substitute has written its header and waits for its disk; now the others wake and write theirs.
    for (const go of letGo) go()
    await diskTurns()
    write()
    const { shards } = await writing
    const shard = shards.find(({ node }) => node === sixth) ?? assert.fail()
    const bytes = await segments[sixth]?.get({ stripe: stripeOf(2), index: shard.index })
    assert.deepEqual(bytes, Buffer.alloc(100, shard.index))
  })
})
