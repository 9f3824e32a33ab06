import { folderMovedSchema, folderMoveSchema } from '@holdfast/core/wire/rest/file.ts'
import type { NameFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'

export function moveFolder({ names }: { names: Pick<NameFloor, 'moveFolder'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'moveFolder',
      method: 'POST',
      place: 'api',
      path: '/folders/move',
      action: 'file.change',
      tag: 'Files',
      summary: 'Rename a folder: every path that begins with `from` begins with `to` afterwards, at once or not at all',
      body: { schema: folderMoveSchema },
      success: { statuses: { 200: 'How many files moved' }, answer: folderMovedSchema },
      problems: ['bucket_not_found', 'file_not_found', 'conflict', 'limit_exceeded'],
    },
    async ({ body, requester }) => ({ body: await names.moveFolder(body, requester) }),
  )
}
