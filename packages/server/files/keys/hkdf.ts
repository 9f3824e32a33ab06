/** HKDF-SHA256 (RFC 5869) in its two steps: keys that are uniformly random already need the second only. */
import { createHmac, type KeyObject } from 'node:crypto'
import { assert } from '@holdfast/core/wire/assert.ts'

/** All that is derived here fits one block of the expansion. */
const BLOCK_BYTES = 32

export function extract(salt: Uint8Array, input: Uint8Array): Buffer {
  return createHmac('sha256', salt).update(input).digest()
}

export function expand(key: KeyObject | Uint8Array, info: Uint8Array | string, lengthBytes = BLOCK_BYTES): Buffer {
  assert(lengthBytes <= BLOCK_BYTES, 'one block is enough')
  return createHmac('sha256', key).update(info).update(Uint8Array.of(1)).digest().subarray(0, lengthBytes)
}
