import { collectedSchema, collectSchema } from '@holdfast/core/wire/rest/cluster.ts'
import type { CollectionFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'

/** What is asked for by hand is what runs every minute by itself; where one runs already, its result is the answer. */
export function collect({ reaper }: { reaper: CollectionFloor }): Endpoint {
  return messageEndpoint(
    {
      id: 'collect',
      method: 'POST',
      place: 'api',
      path: '/cluster/collect',
      action: 'cluster.maintain',
      tag: 'Cluster',
      summary: 'Take away what nothing refers to any more; with `dryRun` only count it',
      body: { schema: collectSchema, optional: true },
      success: { statuses: { 200: 'What was taken away, or would be' }, answer: collectedSchema },
      problems: ['catalog_unavailable'],
    },
    async ({ body: { dryRun = false } }) => {
      const collected = dryRun ? { ...(await reaper.collectable()), debris: null } : await reaper.run()
      const { chunks, pages, stripes, debris } = collected
      return { body: { dryRun, chunks, pages, stripes, debris } }
    },
  )
}
