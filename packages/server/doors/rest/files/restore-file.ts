import { asId } from '@holdfast/core/wire/ids.ts'
import { fileAnswerSchema } from '@holdfast/core/wire/rest/file.ts'
import { restoreSchema } from '@holdfast/core/wire/rest/version.ts'
import type { NameFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { entityTag } from '../http/preconditions.ts'
import { fileIdIn } from './file-id.ts'

export function restoreFile({ names }: { names: Pick<NameFloor, 'restore'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'restoreFile',
      method: 'POST',
      place: 'api',
      path: '/files/{fileId}/restore',
      action: 'file.write',
      tag: 'Versions',
      summary: 'Make an old version the newest again; a deleted file comes back at its path',
      body: { schema: restoreSchema },
      success: { statuses: { 200: 'The new version' }, answer: fileAnswerSchema },
      problems: ['file_not_found', 'version_not_found', 'conflict'],
    },
    async ({ values, body, requester }) => {
      const restored = await names.restore(fileIdIn(values.fileId), asId(body.versionId), requester)
      return { headers: { etag: entityTag(restored.versionId) }, body: restored }
    },
  )
}
