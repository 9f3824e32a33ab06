/**
 * Buffers that Node's ciphers and sockets hand out are small objects with megabytes behind them. V8 counts those megabytes only to
 * decide on a *full* collection: at a gigabyte a second that is one every 25 ms, and hundreds of megabytes of dead buffers
 * in between. Nearly all of them die young, and a young collection finds them in well under a millisecond; so
 * whoever moves bytes says how many, and one is made every few megabytes.
 *
 * A slow client keeps its buffers until they are not young any more. When what stands behind buffers has grown by half since
 * the last full collection, a full one is due.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const COLLECT_EVERY_BYTES = 8 * 1024 * 1024
const FULL_FROM_BYTES = 48 * 1024 * 1024
const FULL_AT_GROWTH = 1.5

setFlagsFromString('--expose-gc')
const collect: (options: { type: 'minor' | 'major' }) => void = runInNewContext('gc')
let movedBytes = 0
let fullAtBytes = FULL_FROM_BYTES

/** Counts bytes that passed through buffers of this thread which are garbage by now, or soon. */
export function noteMoved(bytes: number): void {
  movedBytes += bytes
  if (movedBytes < COLLECT_EVERY_BYTES) return
  movedBytes = 0
  collect({ type: 'minor' })
  if (getHeapStatistics().external_memory < fullAtBytes) return
  collect({ type: 'major' })
  fullAtBytes = Math.max(FULL_FROM_BYTES, getHeapStatistics().external_memory * FULL_AT_GROWTH)
}
