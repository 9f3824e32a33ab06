import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KERNEL_RESERVED_BYTES } from '@holdfast/core/kernel/kernel.ts'
import { stripeCapacity } from '@holdfast/core/sealing/stripe-layout.ts'
import { LANE_BYTES_MIN, Slots } from './slots.ts'

const MIB = 1024 * 1024
const CHUNK_BYTES = [4096, 65_536, MIB, 2 * MIB]

/** How many stripes, each the longest of a shape and a shortest chunk, a lane of this length does not hold. */
function tooLong(laneBytes: number): number {
  let count = 0
  for (let dataShards = 1; dataShards <= 16; dataShards++) {
    for (let parityShards = 0; parityShards <= 4; parityShards++) {
      for (const shortest of CHUNK_BYTES) {
        const slots = new Slots([{ startBytes: KERNEL_RESERVED_BYTES, endBytes: laneBytes }])
        const size = { ...stripeCapacity(dataShards, shortest), shape: { dataShards, parityShards } }
        if (slots.tryTake(size) === undefined) count++
      }
    }
  }
  return count
}

describe('the shortest lane', () => {
  it('holds a stripe of every policy, and one that is a seventh shorter does not', () => {
    assert.equal(tooLong(LANE_BYTES_MIN), 0)
    assert.ok(tooLong(LANE_BYTES_MIN * (6 / 7)) > 0)
  })
})
