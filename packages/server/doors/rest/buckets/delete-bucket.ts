import { bucketDeleteQuery } from '@holdfast/core/wire/rest/bucket.ts'
import type { BucketFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'

export function deleteBucket({ buckets }: { buckets: BucketFloor }): Endpoint {
  return messageEndpoint(
    {
      id: 'deleteBucket',
      method: 'DELETE',
      place: 'api',
      path: '/buckets/{bucket}',
      action: 'bucket.delete',
      tag: 'Buckets',
      summary: 'Delete a bucket that is empty, or with force and all its files',
      query: bucketDeleteQuery,
      success: { statuses: { 204: 'It is gone' }, answer: 'nothing' },
      problems: ['bucket_not_found', 'bucket_not_empty'],
    },
    async ({ values, query, requester }) => {
      await buckets.delete(values.bucket, query.force === 'true', requester)
      return { status: 204 }
    },
  )
}
