import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { fileAnswerSchema } from '@holdfast/core/wire/rest/file.ts'
import { locationOf } from '../files/put-file.ts'
import { type Storing, storeForm } from '../files/store-form.ts'
import { ANSWER_HEADERS, type Endpoint, MESSAGE_TYPE, messageBytes } from '../http/endpoint.ts'
import { entityTag } from '../http/preconditions.ts'
import { DEFAULT_BUCKET } from './default-bucket.ts'

export function upload(storing: Storing): Endpoint {
  return {
    operation: {
      id: 'upload',
      method: 'POST',
      place: 'root',
      path: '/upload',
      action: 'file.write',
      tag: 'By hand',
      summary: 'Store the file of a form under its own name, or under the field path before it',
      body: 'form',
      success: { statuses: { 201: 'A new file', 200: 'A new version' }, answer: fileAnswerSchema },
      problems: ['body_too_slow', 'quorum_lost'],
    },
    async handle(request, reply) {
      const items = await storeForm(storing, request, reply, DEFAULT_BUCKET)
      const [first] = items
      const problem = items.find(({ thrown }) => thrown !== undefined)
      if (problem !== undefined) throw problem.thrown
      if (first?.answer === undefined || items.length !== 1) {
        throw new HoldfastError('bad_request', `the form has one file in its field file, not ${items.length}`)
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
