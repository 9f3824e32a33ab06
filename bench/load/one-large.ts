/** Large files, one request each. Their bytes come from memory and go nowhere, so that no disk of the generator's is measured. */
import { Connection } from './connection.ts'
import { fillPiece, PIECE_BYTES } from './content.ts'
import type { Done, GetJob, PutJob } from './jobs.ts'

const ANSWER_BUFFER_BYTES = 64 * 1024
/** As much as one read of a fast reader takes. */
const READ_BUFFER_BYTES = 512 * 1024
/** Pieces that are filled while others are with the kernel. */
const PIECES = 4

export async function put({ port, path, headers, bytes, seed }: PutJob): Promise<Done> {
  const begun = performance.now()
  using connection = await Connection.open(port, ANSWER_BUFFER_BYTES)
  const head = `PUT ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}content-length: ${bytes}\r\n\r\n`
  const answer = connection.answer()
  connection.send(Buffer.from(head, 'latin1'))
  // A connection that fails while the body is sent fails the answer too, and there it is heard.
  sendBody(connection, seed, bytes).catch(() => {})
  await answer
  return one(begun)
}

async function sendBody(connection: Connection, seed: number, bytes: number): Promise<void> {
  const pieces = Array.from({ length: PIECES }, () => ({
    buffer: Buffer.allocUnsafe(PIECE_BYTES),
    written: Promise.resolve(),
  }))
  for (let offset = 0; offset < bytes; ) {
    for (const piece of pieces) {
      await piece.written
      const part = piece.buffer.subarray(0, Math.min(PIECE_BYTES, bytes - offset))
      fillPiece(part, seed, offset)
      piece.written = connection.write(part)
      piece.written.catch(() => {})
      offset += part.length
      if (offset >= bytes) break
    }
  }
}

export async function get({ port, path, headers, bytes, compareWith }: GetJob): Promise<Done> {
  const begun = performance.now()
  using connection = await Connection.open(port, READ_BUFFER_BYTES)
  connection.send(Buffer.from(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n`, 'latin1'))
  const { bodyBytes } = await connection.answer(compareWith === undefined ? undefined : comparer(compareWith))
  if (bodyBytes !== bytes) throw new Error(`${bodyBytes} bytes came, and ${bytes} were stored`)
  return one(begun)
}

/** Throws at the first byte that is not the file's. */
function comparer(seed: number): (bytes: Uint8Array) => void {
  const piece = Buffer.allocUnsafe(PIECE_BYTES)
  let offset = 0
  return (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      const inPiece = offset % PIECE_BYTES
      if (inPiece === 0) fillPiece(piece, seed, offset)
      const length = Math.min(PIECE_BYTES - inPiece, bytes.length - at)
      if (piece.compare(bytes, at, at + length, inPiece, inPiece + length) !== 0) {
        throw new Error(`what came differs from what was stored, within ${length} bytes from ${offset}`)
      }
      at += length
      offset += length
    }
  }
}

function one(begun: number): Done {
  const ms = performance.now() - begun
  return { seconds: ms / 1000, requests: 1, p50Ms: ms, p99Ms: ms }
}
