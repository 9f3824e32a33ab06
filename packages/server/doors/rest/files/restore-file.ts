import { asId } from '@holdfast/core/wire/ids.ts'
import { fileAnswerSchema } from '@holdfast/core/wire/rest/file.ts'
import { restoreSchema } from '@holdfast/core/wire/rest/version.ts'
import type { NameFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { entityTag, preconditionsOf } from '../http/preconditions.ts'
import { idempotencyKeyIn } from '../http/upload-headers.ts'
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
      headers: {
        'If-Match': 'Restore only where one of these versions is the newest; a deleted file is in none',
        'If-None-Match': 'Restore where none of these versions is the newest; * is a deleted file',
        'Idempotency-Key': 'The same request again makes no second version, and has the same answer',
      },
      body: { schema: restoreSchema },
      success: { statuses: { 200: 'The new version' }, answer: fileAnswerSchema },
      problems: [
        'file_not_found',
        'version_not_found',
        'conflict',
        'precondition_failed',
        'in_progress',
        'idempotency_mismatch',
      ],
    },
    async ({ values, body, headers, requester }) => {
      const file = fileIdIn(values.fileId)
      const restored = await names.restore({
        file,
        version: asId(body.versionId),
        preconditions: preconditionsOf(headers),
        idempotencyKey: idempotencyKeyIn(headers),
        idempotencyScope: `POST /files/${file}/restore`,
        requester,
      })
      return { headers: { etag: entityTag(restored.versionId) }, body: restored }
    },
  )
}
