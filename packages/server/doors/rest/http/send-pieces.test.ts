import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { goneSignal } from './client-gone.ts'
import { sendPieces } from './send-pieces.ts'

/** More than two sockets hold. */
const PIECE_BYTES = 32 * 1024 * 1024
const STALLED_MS = 300

/** A client that has its headers and takes nothing of two pieces yet. */
async function stalledClient() {
  const pieces = [1, 2].map((each) => new Uint8Array(PIECE_BYTES).fill(each))
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* pieces
  }
  const outcome: { sent?: Promise<unknown> } = {}
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': 2 * PIECE_BYTES })
    outcome.sent = sendPieces(response, all(), 2 * PIECE_BYTES, goneSignal(response)).catch((error: unknown) => error)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const request = get({ port: address.port, host: '127.0.0.1', agent: false })
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request.on('response', resolve).on('error', reject)
  const answer = await promise
  await sleep(STALLED_MS)
  return { pieces, answer, sent: async () => await outcome.sent, [Symbol.dispose]: () => server.close() }
}

describe('a body that is sent in pieces', () => {
  it('has each piece freed when the system has all of it, and not before', async () => {
    using client = await stalledClient()
    const lengths = (): number[] => client.pieces.map(({ length }) => length)
    assert.deepEqual(lengths(), [PIECE_BYTES, PIECE_BYTES])
    const counts = [0, 0, 0]
    for await (const bytes of client.answer) {
      for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1
    }
    assert.deepEqual(counts, [0, PIECE_BYTES, PIECE_BYTES])
    assert.equal(await client.sent(), undefined)
    assert.deepEqual(lengths(), [0, 0])
  })

  it('leaves to others what the system may still read: a piece whose client went away', async () => {
    using client = await stalledClient()
    client.answer.destroy()
    assert.ok((await client.sent()) instanceof HoldfastError)
    assert.deepEqual(
      client.pieces.map(({ length }) => length),
      [PIECE_BYTES, PIECE_BYTES],
    )
  })
})
