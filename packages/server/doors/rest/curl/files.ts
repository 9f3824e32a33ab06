import { fileListQuery, filePageSchema } from '@holdfast/core/wire/rest/file.ts'
import { DEFAULT_BUCKET } from '../../../files/buckets.ts'
import type { NameFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { withoutUndefined } from '../http/without-undefined.ts'

export function files({ names }: { names: Pick<NameFloor, 'list'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'files',
      method: 'GET',
      place: 'root',
      path: '/files',
      action: 'file.list',
      tag: 'By hand',
      summary: 'List the bucket default',
      query: fileListQuery,
      success: { statuses: { 200: 'A page of files' }, answer: filePageSchema },
      problems: [],
    },
    async ({ query }) => ({ body: await names.list({ bucket: DEFAULT_BUCKET, ...withoutUndefined(query) }) }),
  )
}
