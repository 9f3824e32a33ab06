/**
 * Problems on a bare socket: for what is refused before there is a request (headers that cannot be read, that are too large or too
 * slow, one connection too many).
 */

import { ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { HEADER_BYTES_MAX, HEADERS_TIMEOUT_MS } from '../limits.ts'
import { HeadersTooLargeError, problemHeaders, problemOf } from './problem.ts'

/** Answers a parser's error, and ends the connection: where the next request would begin is not known. */
export function answerClientError(error: Error, socket: Socket, requestId: string): void {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ECONNRESET' || !socket.writable || hasBegunToAnswer(socket)) {
    socket.destroy()
    return
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    writeProblem(socket, new HeadersTooLargeError(`line and headers have at most ${HEADER_BYTES_MAX} bytes`), requestId)
  } else if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    writeProblem(
      socket,
      new HoldfastError('body_too_slow', `headers are here within ${HEADERS_TIMEOUT_MS} ms`),
      requestId,
    )
  } else {
    writeProblem(socket, new HoldfastError('bad_request', 'this is not HTTP as it should be'), requestId)
  }
}

export function writeProblem(socket: Socket, error: HoldfastError, requestId: string): void {
  const problem = problemOf(error, requestId)
  const body = JSON.stringify(problem)
  const headers = Object.entries({
    ...problemHeaders(problem),
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${headers.join('')}\r\n${body}`, () =>
    socket.destroy(),
  )
}

/** Node.js keeps the answer that is being sent on its socket; writing into the middle of one would damage it. */
function hasBegunToAnswer(socket: Socket): boolean {
  const answer: unknown = Reflect.get(socket, '_httpMessage')
  return answer instanceof ServerResponse && answer.headersSent
}
