/**
 * `PUT …/files/{path}` stores the body. A small one is received whole, in room that was lent before its first byte is read; a larger
 * one streams through.
 */
import { fileAnswerSchema } from '@holdfast/core/wire/rest/file.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FileAnswer } from '../../../files/file-answer.ts'
import { assertPath } from '../../../files/path-rules.ts'
import { SMALL_BODY_BYTES_MAX, type UploadRequest, type UploadResult } from '../../../files/uploads.ts'
import { endOfTurn } from '../../../seams/end-of-turn.ts'
import type { UploadFloor } from '../floor.ts'
import { type Bodies, invite } from '../http/bodies.ts'
import { goneSignal } from '../http/client-gone.ts'
import { ANSWER_HEADERS, type Endpoint, MESSAGE_TYPE, messageBytes } from '../http/endpoint.ts'
import { API_PREFIXES } from '../http/mount.ts'
import { entityTag, preconditionsOf } from '../http/preconditions.ts'
import { digestIn } from '../http/repr-digest.ts'
import { StreamedBody } from '../http/streamed-body.ts'
import {
  contentLength,
  contentTypeIn,
  idempotencyKeyIn,
  modifiedAtIn,
  refuseEncodedOrPartial,
  strategyIn,
} from '../http/upload-headers.ts'
import { encodePath } from '../http/url.ts'
import { receiveWhole } from '../http/whole-body.ts'
import { idempotencyScope } from './idempotency-scope.ts'

const UPLOAD_HEADERS = {
  'If-Match': 'Replace only one of these versions; * is any',
  'If-None-Match': 'Refuse where one of these versions is there; * is any',
  'Idempotency-Key': 'The same request again makes no second version, and has the same answer',
  'Repr-Digest': 'sha-256=:…: of the body, which is checked; refused where it names other algorithms only',
  'Holdfast-Strategy': 'How the bytes travel: direct, chunked or streaming',
  'Holdfast-Modified-At': 'When the file was changed where it comes from, in RFC 3339',
}

export function putFile({ uploads, bodies }: { uploads: UploadFloor; bodies: Bodies }): Endpoint {
  return {
    operation: {
      id: 'putFile',
      method: 'PUT',
      place: 'api',
      path: '/buckets/{bucket}/files/{path*}',
      action: 'file.write',
      tag: 'Contents',
      summary: 'Store the body as a new file, or as a new version of one',
      headers: UPLOAD_HEADERS,
      body: 'contents',
      success: { statuses: { 201: 'A new file', 200: 'A new version' }, answer: fileAnswerSchema },
      problems: [
        'bucket_not_found',
        'precondition_failed',
        'digest_mismatch',
        'in_progress',
        'idempotency_mismatch',
        'body_too_slow',
        'disk_full',
        'quorum_lost',
      ],
    },
    async handle(request, reply, values) {
      const { bucket = '', path = '' } = values
      const put = uploadOf(request, reply, bucket, path)
      const result = await bodies.receive(() => store(uploads, put, request, reply, bodies))
      sendStored(reply, result)
    },
  }
}

type Put = Omit<UploadRequest, 'body'>

function uploadOf(request: FastifyRequest, reply: FastifyReply, bucket: string, path: string): Put {
  const { headers } = request.raw
  assertPath(path)
  refuseEncodedOrPartial(headers)
  const digest = headers['repr-digest']
  return {
    bucket,
    path,
    lengthBytes: contentLength(headers),
    contentType: contentTypeIn(headers['content-type']),
    strategy: strategyIn(headers),
    expectedSha256: digestIn(typeof digest === 'string' ? digest : undefined),
    modifiedAt: modifiedAtIn(headers),
    preconditions: preconditionsOf(headers),
    idempotencyKey: idempotencyKeyIn(headers),
    idempotencyScope: idempotencyScope('PUT', bucket, path),
    requester: request.requester,
    signal: goneSignal(reply.raw),
  }
}

async function store(uploads: UploadFloor, put: Put, { raw }: FastifyRequest, reply: FastifyReply, { pace }: Bodies) {
  const { lengthBytes, signal } = put
  if (lengthBytes === undefined || lengthBytes > SMALL_BODY_BYTES_MAX) {
    const body = new StreamedBody(raw, pace, () => invite(raw, reply.raw))
    try {
      return await uploads.put({ ...put, body })
    } finally {
      await body.return()
    }
  }
  return await uploads.admit(lengthBytes, signal, async () => {
    invite(raw, reply.raw)
    const body = lengthBytes === 0 ? new Uint8Array() : await receiveWhole(raw, lengthBytes, pace)
    await endOfTurn()
    return await uploads.put({ ...put, body })
  })
}

function sendStored(reply: FastifyReply, { answer, created, replayed }: UploadResult): void {
  reply
    .code(created ? 201 : 200)
    .headers({ ...ANSWER_HEADERS, etag: entityTag(answer.versionId), location: locationOf(answer) })
    .type(MESSAGE_TYPE)
  if (replayed) reply.header('idempotency-replayed', 'true')
  reply.send(messageBytes(answer))
}

export function locationOf({ bucket, path }: FileAnswer): string {
  return `${API_PREFIXES[0]}/buckets/${bucket}/files/${encodePath(path)}`
}
