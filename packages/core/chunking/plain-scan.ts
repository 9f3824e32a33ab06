/**
 * The kernel's scan in plain TypeScript: what the kernel is compared with, and a scan for bytes that lie elsewhere.
 */
import { GEAR_WINDOW_BYTES } from '../kernel/kernel.ts'
import { assert } from '../wire/assert.ts'
import type { Scan } from './cut-content.ts'
import type { GearTable } from './gear-table.ts'

export function plainScan(bytes: Uint8Array, { words }: GearTable): Scan {
  const wordAt = (index: number): number => words[bytes[index] ?? 0] ?? 0
  return (from, to, mask) => {
    assert(from >= GEAR_WINDOW_BYTES && from <= to, 'a scan has its first window before it')
    assert(to <= bytes.length + 1, 'a scan ends within the bytes')
    let hash = 0
    for (let index = from - GEAR_WINDOW_BYTES; index < from - 1; index++) hash = ((hash << 1) + wordAt(index)) | 0
    for (let position = from; position < to; position++) {
      // What was added 32 bytes ago has left the 32 bits by now: the window needs no other end.
      hash = ((hash << 1) + wordAt(position - 1)) | 0
      if ((hash & mask) === 0) return position
    }
    return undefined
  }
}
