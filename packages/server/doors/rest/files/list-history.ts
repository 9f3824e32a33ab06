import { historyQuery, versionPageSchema } from '@holdfast/core/wire/rest/version.ts'
import type { NameFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { fileIdIn } from './file-id.ts'

export function listHistory({ names }: { names: Pick<NameFloor, 'history'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'listHistory',
      method: 'GET',
      place: 'api',
      path: '/files/{fileId}/history',
      action: 'file.read',
      tag: 'Versions',
      summary: 'The versions of a file, the newest first',
      query: historyQuery,
      success: { statuses: { 200: 'A page of them' }, answer: versionPageSchema },
      problems: ['file_not_found'],
    },
    async ({ values, query: { limit, cursor } }) => ({
      body: await names.history(fileIdIn(values.fileId), { limit, ...(cursor !== undefined && { cursor }) }),
    }),
  )
}
