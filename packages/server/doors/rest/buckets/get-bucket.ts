import { bucketSchema } from '@holdfast/core/wire/rest/bucket.ts'
import type { BucketFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'

export function getBucket({ buckets }: { buckets: BucketFloor }): Endpoint {
  return messageEndpoint(
    {
      id: 'getBucket',
      method: 'GET',
      place: 'api',
      path: '/buckets/{bucket}',
      action: 'bucket.read',
      tag: 'Buckets',
      summary: 'A bucket and its policy',
      success: { statuses: { 200: 'The bucket' }, answer: bucketSchema },
      problems: ['bucket_not_found'],
    },
    async ({ values }) => {
      const bucket = await buckets.get(values.bucket)
      return { headers: { etag: bucket.etag }, body: bucket }
    },
  )
}
