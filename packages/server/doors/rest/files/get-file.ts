import { contentsQuery } from '@holdfast/core/wire/rest/file.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { CONDITIONS_AND_RANGES } from './contents.ts'
import { type Sending, sendContents } from './send-contents.ts'

export function getFile(sending: Sending): Endpoint {
  return {
    operation: {
      id: 'getFile',
      method: 'GET',
      place: 'api',
      path: '/buckets/{bucket}/files/{path*}',
      action: 'file.read',
      tag: 'Contents',
      summary: 'The contents of a file, or a range of them',
      query: contentsQuery,
      headers: CONDITIONS_AND_RANGES,
      success: { statuses: { 200: 'All of it', 206: 'The range', 304: 'Not changed' }, answer: 'contents' },
      problems: [
        'bucket_not_found',
        'file_not_found',
        'version_not_found',
        'precondition_failed',
        'range_not_satisfiable',
        'file_unavailable',
      ],
    },
    handle: (request, reply, { bucket = '', path = '' }) => sendContents(sending, request, reply, { bucket, path }),
  }
}
