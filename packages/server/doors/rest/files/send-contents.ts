/**
 * Sends a file. What could be had at once goes out in one write, without fastify; the rest flows piece by piece. The first piece is
 * read before the headers are written, so that a file which cannot be read is a problem and no broken download.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OpenFile } from '../../../files/downloads.ts'
import type { Clock } from '../../../seams/clock.ts'
import { endOfTurn } from '../../../seams/end-of-turn.ts'
import type { DownloadFloor } from '../floor.ts'
import type { Problems } from '../http/answer-problem.ts'
import { goneSignal } from '../http/client-gone.ts'
import { expected, problemOf } from '../http/problem.ts'
import { sendPieces } from '../http/send-pieces.ts'
import { headersOf, type Representation, type Selection, select, versionAsked } from './contents.ts'

export interface Sending {
  readonly downloads: DownloadFloor
  readonly problems: Problems
  readonly clock: Clock
}

/** What came in one turn of the event loop is looked up and read together, and then sent together: `await` puts the sending last. */
export async function sendContents(
  sending: Sending,
  request: FastifyRequest,
  reply: FastifyReply,
  place: { readonly bucket: string; readonly path: string },
): Promise<void> {
  const version = versionAsked(request.raw)
  await endOfTurn()
  const open = await sending.downloads.open(version === undefined ? place : { ...place, version })
  await send(sending, request, reply, open)
}

function send(sending: Sending, request: FastifyRequest, reply: FastifyReply, open: OpenFile): void | Promise<void> {
  const file = representationOf(open)
  const selection = select(request.raw, file)
  const headers = headersOf(file, selection, sending.clock.now())
  const { status, range } = selection
  if (status === 304 || open.whole !== undefined) {
    const { whole } = open
    reply.hijack().raw.writeHead(status, headers)
    if (status === 304) reply.raw.end()
    else reply.raw.end(range === undefined ? whole : whole?.subarray(range.offset, range.offset + range.length))
    return
  }
  return stream(sending, request, reply, open, { headers, selection, file })
}

async function stream(
  { problems }: Sending,
  request: FastifyRequest,
  reply: FastifyReply,
  open: OpenFile,
  { headers, selection, file }: { headers: string[]; selection: Selection; file: Representation },
): Promise<void> {
  const signal = goneSignal(reply.raw)
  const { range } = selection
  const pieces = open.read(range, signal, () => reply.raw.destroy())
  const first = await pieces.next()
  try {
    reply.hijack().raw.writeHead(selection.status, headers)
    await sendPieces(reply.raw, withFirst(first, pieces), range?.length ?? file.size, signal)
  } catch (error) {
    // Nothing of what was read ahead may stay behind.
    await pieces.return(undefined)
    const { code, status } = problemOf(expected(error), request.id)
    problems.note(error, request, code, status)
  }
}

async function* withFirst(
  first: IteratorResult<Uint8Array>,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (!first.done) yield first.value
    yield* rest
  } finally {
    await rest.return(undefined)
  }
}

export function representationOf({ file, version }: OpenFile): Representation {
  assert(version.sha256 !== null, 'a version with contents has their hash')
  return {
    path: file.path,
    version: version.version,
    size: version.size,
    sha256: version.sha256,
    contentType: version.contentType,
    modifiedAtMs: version.modifiedAt,
  }
}
