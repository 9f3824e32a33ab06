import { fileDetailSchema } from '@holdfast/core/wire/rest/file.ts'
import type { NameFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { fileIdIn } from './file-id.ts'

export function describeFile({ names }: { names: Pick<NameFloor, 'byId'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'describeFile',
      method: 'GET',
      place: 'api',
      path: '/files/{fileId}',
      action: 'file.read',
      tag: 'Files',
      summary: 'What is known of a file, also of a deleted one',
      success: { statuses: { 200: 'The file' }, answer: fileDetailSchema },
      problems: ['file_not_found'],
    },
    async ({ values }) => ({ body: await names.byId(fileIdIn(values.fileId)) }),
  )
}
