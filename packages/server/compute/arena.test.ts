import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Arena } from './arena.ts'

describe('arena', () => {
  it('never hands out a byte twice, and has all of them again when all came back', () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 1_000_000 }), fc.constant('free' as const)), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(steps, (acts) => {
        const arena = new Arena(100, 4 * 1024 * 1024)
        const whole = arena.freeBytes
        const held: { offset: number; length: number }[] = []
        for (const act of acts) {
          if (act === 'free') {
            const given = held.splice(Math.floor(held.length / 2), 1)[0]
            if (given !== undefined) arena.free(given.offset, given.length)
            continue
          }
          const offset = arena.allocate(act)
          if (offset === undefined) continue
          for (const other of held) assert.ok(offset >= other.offset + other.length || other.offset >= offset + act)
          held.push({ offset, length: act })
        }
        for (const given of held) arena.free(given.offset, given.length)
        assert.equal(arena.freeBytes, whole)
        assert.notEqual(arena.allocate(whole), undefined)
      }),
    )
  })

  it('refuses a stretch that is freed twice', () => {
    const arena = new Arena(0, 1024 * 1024)
    const offset = arena.allocate(65_536) ?? 0
    arena.free(offset, 65_536)
    assert.throws(() => arena.free(offset, 65_536), /freed once/)
  })
})
