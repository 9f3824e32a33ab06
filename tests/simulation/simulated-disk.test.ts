import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemCodeOf } from '@holdfast/server/seams/disk.ts'
import { diskContract } from '@holdfast/server/seams/disk-contract.ts'
import { seededRandom } from '@holdfast/server/storage/segment-store.test-support.ts'
import { SimulatedDisk } from './simulated-disk.ts'

function newDisk(seed = 1, more: { capacityBytes?: number; syncDoesNothing?: boolean } = {}): SimulatedDisk {
  return new SimulatedDisk({ random: seededRandom(seed), ...more })
}

diskContract('simulated', async () => {
  return { disk: newDisk(), [Symbol.asyncDispose]: async () => undefined }
})

async function fileWith(disk: SimulatedDisk, bytes: Uint8Array, synced: boolean): Promise<void> {
  const file = await disk.open('a', { mode: 'create' })
  await disk.syncDirectory('.')
  await file.write([bytes], 0)
  if (synced) await file.sync()
}

describe('a simulated disk', () => {
  it('keeps what was synced, and of the rest any mixture of sectors', async () => {
    const outcomes = new Set<string>()
    for (let seed = 1; seed < 60; seed++) {
      const disk = newDisk(seed)
      await fileWith(disk, Buffer.alloc(2048, 1), true)
      const file = await disk.open('a', { mode: 'write' })
      await file.write([Buffer.alloc(2048, 2)], 0)
      disk.crash()
      const sectors = [0, 512, 1024, 1536].map((at) => new Set(disk.contents('a').subarray(at, at + 512)))
      assert.ok(
        sectors.every((values) => values.size === 1),
        'a sector is the old one or the new one',
      )
      outcomes.add(sectors.map((values) => [...values][0]).join(''))
    }
    assert.ok(outcomes.has('1111') && outcomes.has('2222') && outcomes.size > 6)
  })

  it('forgets names that were not synced, or not', async () => {
    const found = new Set<boolean>()
    for (let seed = 1; seed < 20; seed++) {
      const disk = newDisk(seed)
      await disk.open('a', { mode: 'create' })
      disk.crash()
      found.add(await disk.exists('a'))
    }
    assert.deepEqual([...found].sort(), [false, true])
  })

  it('loses what was synced where a sync does nothing', async () => {
    let lost = 0
    for (let seed = 1; seed < 30; seed++) {
      const disk = newDisk(seed, { syncDoesNothing: true })
      await fileWith(disk, Buffer.alloc(512, 1), true)
      disk.crash()
      if (!(await disk.exists('a')) || disk.contents('a').length < 512) lost++
    }
    assert.ok(lost > 5)
  })

  it('never answers who used it before the power went', async () => {
    const disk = newDisk()
    await fileWith(disk, Buffer.alloc(10), true)
    const file = await disk.open('a', { mode: 'write' })
    disk.crash()
    let answered = false
    const asked = file.sync().then(() => {
      answered = true
    })
    await Promise.race([asked, new Promise((resolve) => setImmediate(resolve))])
    assert.equal(answered, false)
  })

  it('fails as it is told, and counts it', async () => {
    const disk = newDisk(1, { capacityBytes: 1000 })
    await fileWith(disk, Buffer.alloc(900, 1), true)
    const file = await disk.open('a', { mode: 'write' })
    const fails = async (code: string, act: () => Promise<unknown>): Promise<void> =>
      await assert.rejects(act, (error) => systemCodeOf(error) === code)
    await fails('ENOSPC', () => file.write([Buffer.alloc(200, 2)], 900))
    assert.equal(await file.size(), 1000)
    for (const fault of ['readError', 'writeError', 'syncError', 'partialWrite'] as const) disk.force(fault)
    await fails('EIO', () => file.read(Buffer.alloc(1), 0))
    await fails('EIO', () => file.write([Buffer.alloc(1)], 0))
    await fails('EIO', () => file.write([Buffer.alloc(100, 3)], 0))
    await fails('EIO', () => file.sync())
    for (const fault of ['readError', 'writeError', 'syncError', 'partialWrite', 'noSpace'] as const) {
      assert.equal(disk.fired.get(fault), 1, fault)
    }
    disk.setAway(true)
    await fails('ENOENT', () => disk.open('a', { mode: 'read' }))
    disk.setAway(false)
    await disk.open('a', { mode: 'read' })
  })
})
