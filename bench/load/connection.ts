/**
 * One HTTP connection as thin as it can be, so that what is measured is the server: requests are written as bytes, answers are
 * read into one buffer that is used again and again, and their bodies are counted, not kept.
 */
import { connect, type Socket } from 'node:net'

const HOST = '127.0.0.1'
const HEAD_BYTES_MAX = 64 * 1024
/** Of the answer to a request that failed: enough to say why. */
const KEPT_BYTES_MAX = 2048

export interface Answer {
  readonly status: number
  readonly bodyBytes: number
}

export class Connection implements Disposable {
  readonly #socket: Socket
  #head = ''
  #kept = ''
  #status = 0
  #bodyBytes = 0
  #missingBytes = 0
  #inBody = false
  #onBody: ((bytes: Uint8Array) => void) | undefined
  #settle: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined
  #failure: Error | undefined

  private constructor(port: number, bufferBytes: number) {
    const onread = {
      buffer: Buffer.allocUnsafe(bufferBytes),
      callback: (length: number, buffer: Uint8Array): boolean => {
        this.#take(buffer, length)
        return true
      },
    }
    this.#socket = connect({ port, host: HOST, noDelay: true, onread })
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  static async open(port: number, bufferBytes: number): Promise<Connection> {
    const connection = new Connection(port, bufferBytes)
    const socket = connection.#socket
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return connection
  }

  /** Resolves when the bytes are with the kernel and their buffer may be used again. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** Sends without waiting; the buffer stays untouched until the answer is there. */
  send(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** The answer to the request that was or will be written. `onBody` sees its bytes as they come. Anything but 2xx throws. */
  answer(onBody?: (bytes: Uint8Array) => void): Promise<Answer> {
    this.#onBody = onBody
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure)
      else this.#settle = { resolve, reject }
    })
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #take(buffer: Uint8Array, length: number): void {
    let at = 0
    if (!this.#inBody) {
      const before = this.#head.length
      this.#head += Buffer.from(buffer.buffer, buffer.byteOffset, length).toString('latin1')
      const end = this.#head.indexOf('\r\n\r\n')
      if (end === -1) {
        if (this.#head.length > HEAD_BYTES_MAX) this.#fail(new Error('an answer without an end of its headers'))
        return
      }
      at = end + 4 - before
      if (!this.#begin(this.#head.slice(0, end))) return
    }
    const part = buffer.subarray(at, length)
    this.#bodyBytes += part.length
    this.#missingBytes -= part.length
    if (this.#status >= 300 && this.#kept.length < KEPT_BYTES_MAX) this.#kept += Buffer.from(part).toString()
    else this.#onBody?.(part)
    if (this.#missingBytes <= 0) this.#end()
  }

  #begin(head: string): boolean {
    this.#status = Number(head.slice(9, 12))
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length === undefined) {
      this.#fail(new Error(`an answer without a length: ${head}`))
      return false
    }
    this.#missingBytes = Number(length)
    this.#inBody = true
    return true
  }

  #end(): void {
    const answer = { status: this.#status, bodyBytes: this.#bodyBytes }
    const settle = this.#settle
    const kept = this.#kept
    this.#settle = undefined
    this.#head = ''
    this.#kept = ''
    this.#bodyBytes = 0
    this.#inBody = false
    if (answer.status < 300) settle?.resolve(answer)
    else settle?.reject(new Error(`answered ${answer.status}: ${kept}`))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#settle?.reject(this.#failure)
    this.#settle = undefined
  }
}
