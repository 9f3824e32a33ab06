import { contentsQuery } from '@holdfast/core/wire/rest/file.ts'
import { DEFAULT_BUCKET } from '../../../files/buckets.ts'
import { CONDITIONS } from '../files/contents.ts'
import { type Heading, sendHead } from '../files/head-file.ts'
import type { Endpoint } from '../http/endpoint.ts'

export function headDownload(heading: Heading): Endpoint {
  return {
    operation: {
      id: 'headDownload',
      method: 'HEAD',
      place: 'root',
      path: '/download/{name*}',
      action: 'file.read',
      tag: 'By hand',
      summary: 'What GET would say in its headers',
      query: contentsQuery,
      headers: CONDITIONS,
      success: { statuses: { 200: 'It is there', 304: 'Not changed' }, answer: 'contents' },
      problems: ['file_not_found', 'version_not_found', 'precondition_failed'],
    },
    handle: (request, reply, { name = '' }) =>
      sendHead(heading, request, reply, { bucket: DEFAULT_BUCKET, path: name }),
  }
}
