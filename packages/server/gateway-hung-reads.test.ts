import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { advanceUntil, pieces, refusal, TestGateway } from './gateway.test-support.ts'
import { ManualClock } from './seams/manual-clock.test-support.ts'

const MiB = 1024 * 1024
/** One second until a drive is silent, and five until nobody waits for it. */
const WAIT_MS_MAX = 6500

describe('a gateway of whose drives too many hang', () => {
  it('says so after one wait, the first time and later', async () => {
    const clock = new ManualClock()
    await using test = await TestGateway.open({ clock })
    await test.put('large', pieces(randomBytes(9 * MiB)))
    for (const store of test.stores.slice(0, 3)) store.inject({ on: 'get', wait: () => new Promise(() => undefined) })
    for (const time of ['first', 'second']) {
      const beganMs = clock.now()
      const read = assert.rejects(test.get('large'), refusal('file_unavailable'))
      await advanceUntil(clock, read)
      assert.ok(clock.now() - beganMs < WAIT_MS_MAX, `the ${time} time took ${clock.now() - beganMs} ms`)
    }
  })
})
