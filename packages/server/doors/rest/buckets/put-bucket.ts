import { policyRequestSchema } from '@holdfast/core/wire/policy.ts'
import { bucketSchema } from '@holdfast/core/wire/rest/bucket.ts'
import type { BucketFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { API_PREFIXES } from '../http/mount.ts'

export function putBucket({ buckets }: { buckets: BucketFloor }): Endpoint {
  return messageEndpoint(
    {
      id: 'putBucket',
      method: 'PUT',
      place: 'api',
      path: '/buckets/{bucket}',
      action: 'bucket.create',
      tag: 'Buckets',
      summary: 'Create a bucket; the body is its policy, all of which may be left out',
      headers: { 'Idempotency-Key': 'Makes no difference: the same request again finds the bucket as it is' },
      body: { schema: policyRequestSchema, optional: true },
      success: { statuses: { 201: 'Created', 200: 'It was there, with the same policy' }, answer: bucketSchema },
      problems: ['bucket_exists', 'policy_unplaceable'],
    },
    async ({ values, body, requester }) => {
      const { bucket, created } = await buckets.create(values.bucket, body, requester)
      const location = `${API_PREFIXES[0]}/buckets/${bucket.name}`
      return { status: created ? 201 : 200, headers: { etag: bucket.etag, location }, body: bucket }
    },
  )
}
