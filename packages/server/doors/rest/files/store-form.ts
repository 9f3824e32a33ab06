/**
 * Stores the files of a form one by one, and says of each how it went. One that fails does not keep the others from being stored; it
 * is noted. Where nothing was stored, the answer is the first failure itself.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { FormItem } from '@holdfast/core/wire/rest/form-upload.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FileAnswer } from '../../../files/file-answer.ts'
import type { UploadFloor } from '../floor.ts'
import type { Problems } from '../http/answer-problem.ts'
import { type Bodies, invite } from '../http/bodies.ts'
import { goneSignal } from '../http/client-gone.ts'
import { wrongMediaType } from '../http/media-type.ts'
import { expected, problemOf } from '../http/problem.ts'
import { StreamedBody } from '../http/streamed-body.ts'
import { contentTypeIn, idempotencyKeyIn } from '../http/upload-headers.ts'
import { boundaryIn } from '../multipart/boundary.ts'
import { formParts } from '../multipart/form-parts.ts'
import { type FormFile, filesOf } from './form.ts'

export interface Storing {
  readonly uploads: UploadFloor
  readonly bodies: Bodies
  readonly problems: Problems
}

interface StoredItem {
  readonly item: FormItem
  /** One of both: what was stored, or what was thrown. */
  readonly answer?: FileAnswer
  readonly thrown?: unknown
}

/** At least one item is stored. Without a field `bucket`, files go to `bucket`. @throws where nothing was stored */
export async function storeForm(
  storing: Storing,
  request: FastifyRequest,
  reply: FastifyReply,
  bucket?: string,
): Promise<StoredItem[]> {
  const items = await storeAll(storing, request, reply, bucket)
  const [first] = items
  if (first === undefined) throw new HoldfastError('bad_request', 'the form holds no file')
  if (items.every(({ answer }) => answer === undefined)) throw first.thrown
  for (const { thrown, item } of items) {
    if (item.problem !== undefined) storing.problems.note(thrown, request, item.problem.code, item.status)
  }
  return items
}

/** @throws where the form itself cannot be read */
async function storeAll(
  { uploads, bodies, problems }: Storing,
  request: FastifyRequest,
  reply: FastifyReply,
  bucket: string | undefined,
): Promise<StoredItem[]> {
  const boundary = boundaryIn(request.raw.headers['content-type'])
  if (boundary === undefined) throw wrongMediaType(request)
  const signal = goneSignal(reply.raw)
  const key = idempotencyKeyIn(request.raw.headers)
  const items: StoredItem[] = []
  return await bodies.receive(async () => {
    const body = new StreamedBody(request.raw, bodies.pace, () => invite(request.raw, reply.raw))
    try {
      for await (const file of filesOf(formParts(body, boundary), bucket)) {
        const upload = { key, number: items.length, signal }
        items.push(await storeOne(uploads, request, file, upload).catch((thrown) => failed(thrown, request, file.path)))
      }
    } catch (thrown) {
      await body.return()
      // What was stored before stays, and must be told.
      if (items.length === 0) throw thrown
      items.push(failed(thrown, request, null))
      problems.discardRest(request)
    }
    return items
  })
}

async function storeOne(
  uploads: UploadFloor,
  { requester }: FastifyRequest,
  { bucket, path, contentType, contents, refusal }: FormFile,
  { key, number, signal }: { key: string | undefined; number: number; signal: AbortSignal },
): Promise<StoredItem> {
  if (refusal !== undefined) throw refusal
  const put = {
    bucket,
    path,
    lengthBytes: undefined,
    contentType: contentTypeIn(contentType),
    strategy: undefined,
    expectedSha256: undefined,
    modifiedAt: undefined,
    preconditions: {},
    idempotencyKey: key,
    // One key covers the form: each of its files has its own part of it.
    idempotencyScope: `POST form ${number} /buckets/${bucket}/files/${path}`,
    requester,
    signal,
  }
  const { answer, created } = await uploads.put({ ...put, body: contents })
  return { item: { status: created ? 201 : 200, path, file: answer }, answer }
}

function failed(thrown: unknown, request: FastifyRequest, path: string | null): StoredItem {
  const problem = problemOf(expected(thrown), request.id)
  return { item: { status: problem.status, path, problem }, thrown }
}
