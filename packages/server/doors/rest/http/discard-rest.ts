/**
 * A body that was refused is still on its way. Closing at once would reset the connection, and its sender might never read why; so
 * some of it is read and thrown away, for a while, before the connection ends. Whoever ends in that time keeps the connection.
 */
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../../seams/clock.ts'
import { DISCARDED_BYTES_MAX, DISCARDING_MS_MAX } from '../limits.ts'

export function discardRest(request: IncomingMessage, clock: Clock): void {
  const { headers } = request
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  if (!hasBody || request.complete || request.destroyed) return
  let discardedBytes = 0
  const timer = clock.after(DISCARDING_MS_MAX, () => request.socket.destroy())
  request.unpipe()
  request
    .on('data', (piece: Buffer) => {
      discardedBytes += piece.length
      if (discardedBytes > DISCARDED_BYTES_MAX) request.socket.destroy()
    })
    .once('close', () => timer.cancel())
    .resume()
}
