import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { formUploadSchema } from '@holdfast/core/wire/rest/form-upload.ts'
import type { Problems } from '../http/answer-problem.ts'
import { ANSWER_HEADERS, type Endpoint, MESSAGE_TYPE, messageBytes } from '../http/endpoint.ts'
import { type Storing, storeForm } from './store-form.ts'

export function uploadFiles({ problems, ...storing }: Storing & { readonly problems: Problems }): Endpoint {
  return {
    operation: {
      id: 'uploadFiles',
      method: 'POST',
      place: 'api',
      path: '/files/upload',
      action: 'file.write',
      tag: 'Contents',
      summary:
        'Store the files of a form. The fields bucket and path come before the files that they describe; a path that ends with / is a folder',
      headers: { 'Idempotency-Key': 'The same form again makes no second versions' },
      body: 'form',
      success: {
        statuses: { 201: 'All are stored', 207: 'Some are; each item says how it went' },
        answer: formUploadSchema,
      },
      problems: ['bucket_not_found', 'body_too_slow', 'limit_exceeded', 'quorum_lost'],
    },
    async handle(request, reply) {
      const items = await storeForm(storing, request, reply)
      const [first] = items
      const stored = items.filter(({ thrown }) => thrown === undefined)
      if (first === undefined) throw new HoldfastError('bad_request', 'the form holds no file')
      // Where nothing was stored, the answer is the problem itself.
      if (stored.length === 0) throw first.thrown
      for (const { thrown, item } of items) {
        if (item.problem !== undefined) problems.note(thrown, request, item.problem.code, item.status)
      }
      reply
        .code(stored.length === items.length ? 201 : 207)
        .headers(ANSWER_HEADERS)
        .type(MESSAGE_TYPE)
      return messageBytes({ items: items.map(({ item }) => item) })
    },
  }
}
