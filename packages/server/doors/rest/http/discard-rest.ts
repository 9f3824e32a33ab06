/**
 * A body that was refused is still on its way. Closing at once would reset the connection, and its sender might never read why; so
 * some of it is read and thrown away, for a while, before the connection ends. Whoever ends in that time keeps the connection.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../../seams/clock.ts'
import { DISCARDED_BYTES_MAX, DISCARDING_MS_MAX } from '../limits.ts'

export function discardRest(request: IncomingMessage, response: ServerResponse, clock: Clock): void {
  if (request.complete) return
  response.once('finish', () => {
    // Node.js has set the request flowing by now.
    if (request.complete || request.destroyed) return
    let discardedBytes = 0
    const timer = clock.after(DISCARDING_MS_MAX, () => request.socket.destroy())
    request.on('data', (piece: Buffer) => {
      discardedBytes += piece.length
      if (discardedBytes > DISCARDED_BYTES_MAX) request.socket.destroy()
    })
    request.once('close', () => timer.cancel())
  })
}
