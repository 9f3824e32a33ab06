import { bucketListQuery, bucketPageSchema } from '@holdfast/core/wire/rest/bucket.ts'
import type { BucketFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'

export function listBuckets({ buckets }: { buckets: BucketFloor }): Endpoint {
  return messageEndpoint(
    {
      id: 'listBuckets',
      method: 'GET',
      place: 'api',
      path: '/buckets',
      action: 'bucket.read',
      tag: 'Buckets',
      summary: 'All buckets, in order of their names',
      query: bucketListQuery,
      success: { statuses: { 200: 'A page of them' }, answer: bucketPageSchema },
      problems: [],
    },
    async ({ query: { limit, cursor } }) => {
      const { items, more } = await buckets.list({ limit, ...(cursor !== undefined && { after: cursor }) })
      return { body: { items, nextCursor: (more && items.at(-1)?.name) || null } }
    },
  )
}
