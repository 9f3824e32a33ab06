import { formUploadSchema } from '@holdfast/core/wire/rest/form-upload.ts'
import { ANSWER_HEADERS, type Endpoint, MESSAGE_TYPE, messageBytes } from '../http/endpoint.ts'
import { FORM_FIELDS_MAX, FORM_FILES_MAX } from '../limits.ts'
import { type Storing, storeForm } from './store-form.ts'

export function uploadFiles(storing: Storing): Endpoint {
  return {
    operation: {
      id: 'uploadFiles',
      method: 'POST',
      place: 'api',
      path: '/files/upload',
      action: 'file.write',
      tag: 'Contents',
      summary: `Store the files of a form, at most ${FORM_FILES_MAX} of them. The fields bucket and path, at most ${FORM_FIELDS_MAX}, come before the files that they describe; a path that ends with / is a folder, below which the folders in a file's own name stay`,
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
      reply
        .code(items.every(({ answer }) => answer !== undefined) ? 201 : 207)
        .headers(ANSWER_HEADERS)
        .type(MESSAGE_TYPE)
      return messageBytes({ items: items.map(({ item }) => item) })
    },
  }
}
