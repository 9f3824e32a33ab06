import { fileChangeSchema, fileDetailSchema } from '@holdfast/core/wire/rest/file.ts'
import type { NameFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { preconditionsOf } from '../http/preconditions.ts'
import { fileIdIn } from './file-id.ts'

export function patchFile({ names }: { names: Pick<NameFloor, 'byId' | 'move' | 'setTags'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'patchFile',
      method: 'PATCH',
      place: 'api',
      path: '/files/{fileId}',
      action: 'file.change',
      tag: 'Files',
      summary: 'Rename or move a file inside its bucket without copying it; set all of its tags',
      headers: {
        'If-Match': 'Change it only in one of these versions',
        'If-None-Match': 'Change it in none of these versions',
      },
      body: { schema: fileChangeSchema },
      success: { statuses: { 200: 'The file as it is now' }, answer: fileDetailSchema },
      problems: ['file_not_found', 'precondition_failed', 'conflict'],
    },
    async ({ values, body: { path, overwrite = false, tags }, headers, requester }) => {
      const file = fileIdIn(values.fileId)
      const preconditions = preconditionsOf(headers)
      // The move goes first: where it is refused, nothing has changed.
      if (path !== undefined) await names.move({ file, path, overwrite, preconditions, requester })
      return {
        body:
          tags === undefined ? await names.byId(file) : await names.setTags({ file, tags, preconditions, requester }),
      }
    },
  )
}
