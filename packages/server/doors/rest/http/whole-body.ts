/** A small body, received into one buffer. Its length is known, and room for it was lent before. */

import type { IncomingMessage } from 'node:http'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { BodyPace, WatchedBody } from './body-pace.ts'
import { clientGone } from './client-gone.ts'

/** @throws bad_request, body_too_slow */
export async function receiveWhole(request: IncomingMessage, lengthBytes: number, pace: BodyPace): Promise<Uint8Array> {
  const pieces = await receive(request, pace)
  const [first = new Uint8Array()] = pieces
  const whole = pieces.length <= 1 ? first : Buffer.concat(pieces, lengthBytes)
  if (whole.length !== lengthBytes) {
    throw new HoldfastError('bad_request', `the body has ${whole.length} bytes, not ${lengthBytes}`)
  }
  return whole
}

function receive(request: IncomingMessage, pace: BodyPace): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    if (request.destroyed) return reject(clientGone())
    const pieces: Buffer[] = []
    const onData = (piece: Buffer): void => {
      pieces.push(piece)
      body.receivedBytes += piece.length
    }
    const onEnd = (): void => {
      stop()
      resolve(pieces)
    }
    const fail = (error: HoldfastError): void => {
      stop()
      request.pause()
      reject(error)
    }
    const onClose = (): void => fail(clientGone())
    const stop = (): void => {
      pace.unwatch(body)
      request.off('data', onData).off('end', onEnd).off('close', onClose)
    }
    const body: WatchedBody = { receivedBytes: 0, isWaiting: () => true, fail }
    pace.watch(body)
    request.on('data', onData).on('end', onEnd).on('close', onClose)
  })
}
