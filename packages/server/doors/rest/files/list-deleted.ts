import { deletedFileListQuery, deletedFilePageSchema } from '@holdfast/core/wire/rest/file.ts'
import type { NameFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { withoutUndefined } from '../http/without-undefined.ts'

export function listDeleted({ names }: { names: Pick<NameFloor, 'listDeleted'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'listDeletedFiles',
      method: 'GET',
      place: 'api',
      path: '/files/deleted',
      action: 'file.list',
      tag: 'Files',
      summary:
        'Deleted files in order of their paths, each with what restores it: its fileId and the last version that it had',
      query: deletedFileListQuery,
      success: { statuses: { 200: 'A page of deleted files' }, answer: deletedFilePageSchema },
      problems: ['bucket_not_found'],
    },
    async ({ query }) => ({ body: await names.listDeleted(withoutUndefined(query)) }),
  )
}
