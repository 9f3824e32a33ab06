import { fileAnswerSchema } from '@holdfast/core/wire/rest/file.ts'
import { formUploadSchema } from '@holdfast/core/wire/rest/form-upload.ts'
import { z } from 'zod'
import { DEFAULT_BUCKET } from '../../../files/buckets.ts'
import { locationOf } from '../files/put-file.ts'
import { type Storing, storeForm } from '../files/store-form.ts'
import { ANSWER_HEADERS, type Endpoint, MESSAGE_TYPE, messageBytes } from '../http/endpoint.ts'
import { entityTag } from '../http/preconditions.ts'
import { FORM_FILES_MAX } from '../limits.ts'

export function upload(storing: Storing): Endpoint {
  return {
    operation: {
      id: 'upload',
      method: 'POST',
      place: 'root',
      path: '/upload',
      action: 'file.write',
      tag: 'By hand',
      summary: `Store the file of a form under its own name, or under the field path before it; at most ${FORM_FILES_MAX} files`,
      headers: { 'Idempotency-Key': 'The same form again makes no second versions' },
      body: 'form',
      success: {
        statuses: { 201: 'A new file', 200: 'A new version', 207: 'Several files; each item says how it went' },
        answer: z.union([fileAnswerSchema, formUploadSchema]),
      },
      problems: ['body_too_slow', 'quorum_lost'],
    },
    async handle(request, reply) {
      const items = await storeForm(storing, request, reply, DEFAULT_BUCKET)
      const [first] = items
      if (first?.answer === undefined || items.length !== 1) {
        // What was stored is stored, so that the answer must not sound as if nothing were.
        reply.code(207).headers(ANSWER_HEADERS).type(MESSAGE_TYPE)
        return messageBytes({ items: items.map((each) => each.item) })
      }
      const { item, answer } = first
      reply
        .code(item.status)
        .headers({ ...ANSWER_HEADERS, etag: entityTag(answer.versionId), location: locationOf(answer) })
        .type(MESSAGE_TYPE)
      return messageBytes(answer)
    },
  }
}
