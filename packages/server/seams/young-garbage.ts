/**
 * Buffers that Node's ciphers and sockets hand out are small objects with megabytes behind them. V8 counts those megabytes only to
 * decide on a *full* collection: at a gigabyte a second that is one every 25 ms, and hundreds of megabytes of dead buffers
 * in between. Nearly all of them die young, and a young collection finds them in well under a millisecond; so
 * whoever moves bytes says how many, and one is made every few megabytes. That stays so for those that `free-bytes.ts` gives back at
 * once: without it V8 was seen to collect as often as before, for 40 % more of the processor in a large GET.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** More than is under way at once: a buffer that is still in use at two collections is not young any more. */
const COLLECT_EVERY_BYTES = 8 * 1024 * 1024

setFlagsFromString('--expose-gc')
const collect: (options: { type: 'minor' }) => void = runInNewContext('gc')
let movedBytes = 0

/** Counts bytes that passed through buffers of this thread which are garbage by now, or soon. */
export function noteMoved(bytes: number): void {
  movedBytes += bytes
  if (movedBytes < COLLECT_EVERY_BYTES) return
  movedBytes = 0
  collect({ type: 'minor' })
}
