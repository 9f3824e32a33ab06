import { collectSchema } from '@holdfast/core/wire/rest/cluster.ts'
import { jobSchema } from '@holdfast/core/wire/rest/job.ts'
import type { CollectionFloor, JobFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { API_PREFIXES } from '../http/mount.ts'

/**
 * What is asked for by hand is what runs every minute by itself; where one runs already, its result is the job's. It may take longer
 * than any connection lives.
 */
export function collect({ reaper, jobs }: { reaper: CollectionFloor; jobs: Pick<JobFloor, 'start'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'collect',
      method: 'POST',
      place: 'api',
      path: '/cluster/collect',
      action: 'cluster.maintain',
      tag: 'Cluster',
      summary: 'Take away what nothing refers to any more; with `dryRun` only count it',
      headers: {
        'Idempotency-Key': 'Makes no difference: what was collected is gone, and one collection runs at a time',
      },
      body: { schema: collectSchema, optional: true },
      success: { statuses: { 202: 'The job that does it; `Location` is where it is found' }, answer: jobSchema },
      problems: [],
    },
    ({ body: { dryRun = false }, requester }) => {
      const job = jobs.start({
        type: 'collect',
        actor: requester.principal,
        act: async () => {
          const collected = dryRun ? { ...(await reaper.collectable()), debris: null } : await reaper.run()
          const { chunks, pages, stripes, debris } = collected
          return { dryRun, chunks, pages, stripes, debris }
        },
      })
      return { status: 202, headers: { location: `${API_PREFIXES[0]}/jobs/${job.id}` }, body: job }
    },
  )
}
