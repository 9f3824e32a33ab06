import { policyRequestSchema } from '@holdfast/core/wire/policy.ts'
import { bucketSchema } from '@holdfast/core/wire/rest/bucket.ts'
import type { BucketFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'

export function patchBucket({ buckets }: { buckets: BucketFloor }): Endpoint {
  return messageEndpoint(
    {
      id: 'patchBucket',
      method: 'PATCH',
      place: 'api',
      path: '/buckets/{bucket}',
      action: 'bucket.change',
      tag: 'Buckets',
      summary: 'Change a policy; what is left out stays',
      headers: { 'If-Match': 'The ETag of the bucket as it was read' },
      body: { schema: policyRequestSchema },
      success: { statuses: { 200: 'The bucket as it is now' }, answer: bucketSchema },
      problems: ['bucket_not_found', 'policy_unplaceable', 'precondition_failed'],
    },
    async ({ values, body, requester, headers }) => {
      const bucket = await buckets.patch(values.bucket, body, headers['if-match'], requester)
      return { headers: { etag: bucket.etag }, body: bucket }
    },
  )
}
