import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asId } from '@holdfast/core/wire/ids.ts'
import { SimulatedDisk } from '../../../tests/simulation/simulated-disk.ts'
import { knownIdentity, makeIdentity, NEVER_STARTED, raiseStarts, readIdentity } from './identity.ts'
import { seededRandom, WHO } from './segment-store.test-support.ts'
import { refuses } from './shard-store-contract.ts'

const OTHER = asId('f'.repeat(32))
const START = asId('0a'.repeat(16))

function emptyDisk(seed = 1): SimulatedDisk {
  return new SimulatedDisk({ random: seededRandom(seed) })
}

describe('the identity of a disk', () => {
  it('is what was made, and counts its starts', async () => {
    const disk = emptyDisk()
    await makeIdentity(disk, WHO)
    const known = await knownIdentity(disk, WHO)
    assert.deepEqual(known, { ...WHO, starts: 0, start: NEVER_STARTED })
    const raised = await raiseStarts(disk, known, START)
    assert.deepEqual(raised, { ...WHO, starts: 1, start: START })
    assert.deepEqual(await knownIdentity(disk, WHO), raised)
  })

  it('is never made where an identity or segments are', async () => {
    const disk = emptyDisk()
    await disk.makeDirectory('segments')
    await refuses('disk_foreign', () => makeIdentity(disk, WHO))
    const other = emptyDisk()
    await makeIdentity(other, WHO)
    await refuses('disk_foreign', () => makeIdentity(other, { ...WHO, disk: OTHER }))
  })

  it('is asked for before anything is made: an empty directory stays empty', async () => {
    const disk = emptyDisk()
    await refuses('node_unavailable', () => knownIdentity(disk, WHO))
    assert.deepEqual(await disk.list('.'), [])
  })

  it('of another cluster or another node is foreign', async () => {
    const disk = emptyDisk()
    await makeIdentity(disk, WHO)
    await refuses('disk_foreign', () => knownIdentity(disk, { ...WHO, cluster: OTHER }))
    await refuses('disk_foreign', () => knownIdentity(disk, { ...WHO, node: OTHER }))
  })

  it('of a newer format is refused, and a damaged one is not guessed at', async () => {
    const disk = emptyDisk()
    await makeIdentity(disk, WHO)
    const bytes = Buffer.from(disk.contents('identity'))
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 4
      for (const damaged of [flipped, bytes.subarray(0, at)]) {
        disk.setContents('identity', damaged)
        assert.equal((await readIdentity(disk)).is, 'damaged', `byte ${at}`)
      }
    }
    disk.setContents('identity', Buffer.from('{"format":2}\n5ef0a2b4\n'))
    await refuses('disk_foreign', () => knownIdentity(disk, WHO))
    // The checksum of that line.
    disk.setContents('identity', Buffer.from('{"format":2}\n6f3b2e01\n'))
    await refuses('format_unknown', () => knownIdentity(disk, WHO))
  })

  it('is the old one or the new one after a crash while a start is counted', async () => {
    const seen = new Set<number>()
    for (let seed = 1; seed < 60; seed++) {
      const random = seededRandom(seed)
      const disk = new SimulatedDisk({ random, pause: () => new Promise((resolve) => setImmediate(resolve)) })
      await makeIdentity(disk, WHO)
      const known = await knownIdentity(disk, WHO)
      raiseStarts(disk, known, START).catch(() => undefined)
      for (let ticks = random.float() * 12; ticks > 0; ticks--) await new Promise((resolve) => setImmediate(resolve))
      disk.crash()
      const found = await readIdentity(disk)
      assert.ok(found.is === 'known', `seed ${seed}: ${found.is}`)
      seen.add(found.identity.starts)
    }
    assert.deepEqual([...seen].sort(), [0, 1])
  })
})
