import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { describe, it } from 'node:test'
import { freeBytes } from './free-bytes.ts'

const BYTES = 1024 * 1024

/** What this process holds in buffers, collected or not. */
function heldBytes(): number {
  return process.memoryUsage().arrayBuffers
}

describe('a buffer that is freed', () => {
  it('gives its memory back at once', () => {
    const cipher = createCipheriv('aes-256-gcm', new Uint8Array(32), new Uint8Array(12))
    const plain = new Uint8Array(BYTES)
    const beforeBytes = heldBytes()
    for (let i = 0; i < 64; i++) {
      const bytes = cipher.update(plain)
      freeBytes(bytes)
      assert.equal(bytes.length, 0)
    }
    assert.ok(heldBytes() - beforeBytes < 2 * BYTES, `${heldBytes() - beforeBytes} bytes are held`)
  })

  it('is nobody else’s: what is a part, shared with a thread, or short stays', () => {
    const whole = new Uint8Array(BYTES)
    freeBytes(whole.subarray(1))
    assert.equal(whole.length, BYTES)
    const shared = new Uint8Array(new SharedArrayBuffer(BYTES))
    freeBytes(shared)
    assert.equal(shared.length, BYTES)
    const pooled = Buffer.from('short')
    freeBytes(pooled)
    assert.equal(pooled.toString(), 'short')
  })

  it('may be freed again, which does nothing', () => {
    const bytes = new Uint8Array(BYTES)
    freeBytes(bytes)
    freeBytes(bytes)
    assert.equal(bytes.length, 0)
  })
})
