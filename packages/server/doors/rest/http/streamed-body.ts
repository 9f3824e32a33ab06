/**
 * A body that is read as it comes, piece by piece, by one reader. Nothing is read before the first piece is asked for, and while one
 * is waiting to be asked for the socket rests. Leaving early only stops reading; the connection stays, so that the answer can still
 * be sent.
 */

import type { IncomingMessage } from 'node:http'
import { assert } from '@holdfast/core/wire/assert.ts'
import { FILE_BYTES_MAX } from '../../../files/streamed-bodies.ts'

import type { BodyPace, WatchedBody } from './body-pace.ts'
import { clientGone } from './client-gone.ts'
import { fileTooLarge } from './upload-headers.ts'

type Piece = IteratorResult<Uint8Array, undefined>

interface Reader {
  readonly resolve: (piece: Piece) => void
  readonly reject: (error: Error) => void
}

const DONE: Piece = { done: true, value: undefined }

export class StreamedBody implements AsyncIterableIterator<Uint8Array, undefined>, WatchedBody {
  readonly #request: IncomingMessage
  readonly #pace: BodyPace
  readonly #onBegin: () => void
  readonly #received: Buffer[] = []
  #state: 'untouched' | 'open' | 'ended' = 'untouched'
  #error: Error | undefined
  #reader: Reader | undefined
  receivedBytes = 0

  /** `onBegin` is called when the first piece is asked for. */
  constructor(request: IncomingMessage, pace: BodyPace, onBegin: () => void) {
    this.#request = request
    this.#pace = pace
    this.#onBegin = onBegin
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<Piece> {
    assert(this.#reader === undefined, 'a body has one reader, who asks for one piece at a time')
    if (this.#state === 'untouched') this.#begin()
    if (this.#error !== undefined) throw this.#error
    const value = this.#received.shift()
    if (value !== undefined) {
      if (this.#received.length === 0 && this.#state === 'open') this.#request.resume()
      return { done: false, value }
    }
    if (this.#state === 'ended') return DONE
    return await new Promise((resolve, reject) => {
      this.#reader = { resolve, reject }
    })
  }

  async return(): Promise<Piece> {
    this.#end(undefined)
    this.#received.length = 0
    return DONE
  }

  isWaiting(): boolean {
    return !this.#request.isPaused()
  }

  fail(error: Error): void {
    this.#end(error)
  }

  #begin(): void {
    if (this.#request.destroyed) {
      this.#end(clientGone())
      return
    }
    this.#state = 'open'
    this.#request.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose)
    this.#pace.watch(this)
    this.#onBegin()
  }

  readonly #onData = (value: Buffer): void => {
    this.receivedBytes += value.length
    const reader = this.#reader
    if (this.receivedBytes > FILE_BYTES_MAX) {
      this.#end(fileTooLarge())
    } else if (reader === undefined) {
      this.#received.push(value)
      this.#request.pause()
    } else {
      this.#reader = undefined
      reader.resolve({ done: false, value })
    }
  }

  readonly #onEnd = (): void => this.#end(undefined)

  readonly #onClose = (): void => this.#end(clientGone())

  #end(error: Error | undefined): void {
    if (this.#state === 'ended') return
    if (this.#state === 'open') {
      this.#pace.unwatch(this)
      this.#request.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose).pause()
    }
    this.#state = 'ended'
    this.#error = error
    const reader = this.#reader
    this.#reader = undefined
    if (error === undefined) reader?.resolve(DONE)
    else reader?.reject(error)
  }
}
