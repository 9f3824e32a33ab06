import { contentsQuery } from '@holdfast/core/wire/rest/file.ts'
import { DEFAULT_BUCKET } from '../../../files/buckets.ts'
import { CONDITIONS_AND_RANGES } from '../files/contents.ts'
import { type Sending, sendContents } from '../files/send-contents.ts'
import type { Endpoint } from '../http/endpoint.ts'

export function download(sending: Sending): Endpoint {
  return {
    operation: {
      id: 'download',
      method: 'GET',
      place: 'root',
      path: '/download/{name*}',
      action: 'file.read',
      tag: 'By hand',
      summary: 'The contents of a file in the bucket default',
      query: contentsQuery,
      headers: CONDITIONS_AND_RANGES,
      success: { statuses: { 200: 'All of it', 206: 'The range', 304: 'Not changed' }, answer: 'contents' },
      problems: [
        'file_not_found',
        'version_not_found',
        'precondition_failed',
        'range_not_satisfiable',
        'file_unavailable',
      ],
    },
    handle: (request, reply, { name = '' }) =>
      sendContents(sending, request, reply, { bucket: DEFAULT_BUCKET, path: name }),
  }
}
