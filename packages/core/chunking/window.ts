/**
 * Content is cut window by window: a window is a run of bytes that lies in memory and starts where a chunk starts. What
 * stands after its last cut is its rest, with which the next window must begin. Cuts do not depend on the windows.
 *
 *     window   |---chunk---|------chunk------|--rest--|
 *     next                                   |--rest--|---new bytes---|
 */
import { assert } from '../wire/assert.ts'

export interface Window {
  /** Where the window starts, in the memory or array that is cut. */
  readonly offset: number
  readonly lengthBytes: number
  /** The content ends here: the rest is a chunk. */
  readonly final: boolean
  /** How much of the window was the rest of the one before; those bytes are not looked at again. Never more than that. */
  readonly seenBytes?: number
}

export function assertWindow({ offset, lengthBytes, seenBytes = 0 }: Window): void {
  assert(Number.isSafeInteger(offset) && offset >= 0, 'a window starts at a position')
  assert(Number.isSafeInteger(lengthBytes) && lengthBytes >= 0, 'a window has a length')
  assert(seenBytes >= 0 && seenBytes <= lengthBytes, 'what was seen lies in the window')
}
