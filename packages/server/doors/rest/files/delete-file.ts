import { deletionSchema } from '@holdfast/core/wire/rest/file.ts'
import type { NameFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { preconditionsOf } from '../http/preconditions.ts'
import { idempotencyKeyIn } from '../http/upload-headers.ts'
import { idempotencyScope } from './idempotency-scope.ts'

export function deleteFile({ names }: { names: Pick<NameFloor, 'delete'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'deleteFile',
      method: 'DELETE',
      place: 'api',
      path: '/buckets/{bucket}/files/{path*}',
      action: 'file.delete',
      tag: 'Contents',
      summary: 'Delete a file: a marker becomes its newest version, and its history stays',
      headers: {
        'If-Match': 'Delete only one of these versions',
        'If-None-Match': 'Delete none of these versions',
        'Idempotency-Key': 'The same request again has the same answer',
      },
      success: { statuses: { 200: 'The deletion marker' }, answer: deletionSchema },
      problems: ['bucket_not_found', 'file_not_found', 'precondition_failed', 'in_progress', 'idempotency_mismatch'],
    },
    async ({ values: { bucket, path }, headers, requester }) => {
      const deleted = await names.delete({
        bucket,
        path,
        preconditions: preconditionsOf(headers),
        idempotencyKey: idempotencyKeyIn(headers),
        idempotencyScope: idempotencyScope('DELETE', bucket, path),
        requester,
      })
      return { body: deleted }
    },
  )
}
