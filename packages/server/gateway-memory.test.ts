/** What a gateway takes of its budgets of memory. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { TestGateway, turnsUntil } from './gateway.test-support.ts'

const KiB = 1024
const MiB = 1024 * KiB

describe('the memory of a gateway', () => {
  it('hands out short contents at once, and everything that is longer within the budget of readers', async () => {
    await using test = await TestGateway.open()
    await test.put('short', Buffer.alloc(64 * KiB))
    await test.put('long', Buffer.alloc(64 * KiB + 1))
    const open = async (path: string) => await test.gateway.downloads.open({ bucket: 'default', path })
    assert.equal((await open('short')).whole?.length, 64 * KiB)
    assert.equal((await open('long')).whole?.length, undefined)
  })

  it('reads the beginning of a body only where there is room for it', async () => {
    await using test = await TestGateway.open()
    const { promise: wait, resolve: goOn } = Promise.withResolvers<void>()
    let [begun, gathered] = [0, 0]
    async function* slow(): AsyncGenerator<Uint8Array> {
      begun++
      for (let piece = 0; piece < 5; piece++) yield randomBytes(50 * KiB)
      gathered++
      await wait
      yield randomBytes(50 * KiB)
    }
    const puts = Array.from({ length: 200 }, (_, i) => test.put(`file ${i}`, slow()))
    await turnsUntil(() => begun > 0 && gathered === begun)
    assert.equal(begun, Math.floor((48 * MiB) / (320 * KiB)))
    goOn()
    await Promise.all(puts)
    assert.equal(begun, 200)
  })
})
