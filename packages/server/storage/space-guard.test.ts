import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
import { seededRandom } from './segment-store.test-support.ts'
import { refuses } from './shard-store-contract.ts'
import { SpaceGuard } from './space-guard.ts'

/** A disk that counts how often it is asked for its room. */
class AskedDisk extends SimulatedDisk {
  asked = 0
  freeBytes = 1e9

  override async space(): Promise<{ capacityBytes: number; freeBytes: number }> {
    this.asked++
    return { capacityBytes: 1e9, freeBytes: this.freeBytes }
  }
}

function newGuard(reserveBytes?: number): { disk: AskedDisk; guard: SpaceGuard } {
  const disk = new AskedDisk({ random: seededRandom(1) })
  return { disk, guard: new SpaceGuard(disk, reserveBytes) }
}

describe('the guard of a disk that fills up', () => {
  it('asks the system rarely while there is much room', async () => {
    const { disk, guard } = newGuard()
    for (let each = 0; each < 1000; each++) await guard.admit(100_000)
    assert.equal(disk.asked, 2)
  })

  it('keeps 1 % free where nobody names a reserve', async () => {
    const { disk, guard } = newGuard()
    disk.freeBytes = 10_000_000
    await refuses('disk_full', () => guard.admit(1))
    assert.equal(guard.isFull, true)
  })

  it('stays full until there is room for what it refused', async () => {
    const { disk, guard } = newGuard(1000)
    disk.freeBytes = 6000
    await refuses('disk_full', () => guard.admit(5001))
    await guard.measure()
    await refuses('disk_full', () => guard.admit(1))
    disk.freeBytes = 6001
    await guard.measure()
    await guard.admit(5001)
  })

  it('refuses what does not fit at all', async () => {
    const { disk, guard } = newGuard(0)
    disk.freeBytes = 100_000
    await guard.admit(90_000)
    await refuses('disk_full', () => guard.admit(100_001))
  })
})
