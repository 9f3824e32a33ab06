import { bucketFileListQuery, filePageSchema } from '@holdfast/core/wire/rest/file.ts'
import type { NameFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { withoutUndefined } from '../http/without-undefined.ts'

export function listFiles({ names }: { names: Pick<NameFloor, 'list'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'listFiles',
      method: 'GET',
      place: 'api',
      path: '/files',
      action: 'file.list',
      tag: 'Files',
      summary: 'List a bucket in order of its paths, or search it; with a delimiter, folder by folder',
      query: bucketFileListQuery,
      success: { statuses: { 200: 'A page of files and common prefixes' }, answer: filePageSchema },
      problems: ['bucket_not_found'],
    },
    async ({ query }) => ({ body: await names.list(withoutUndefined(query)) }),
  )
}
