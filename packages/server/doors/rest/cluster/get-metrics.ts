import { metricsSchema } from '@holdfast/core/wire/rest/about.ts'
import type { Clock } from '../../../seams/clock.ts'
import type { TallyFloor } from '../floor.ts'
import type { Problems } from '../http/answer-problem.ts'
import type { Bodies } from '../http/bodies.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import type { Gate } from '../http/guard.ts'

interface Measured {
  readonly gate: Gate
  readonly bodies: Bodies
  readonly problems: Problems
  readonly clock: Clock
  readonly tally: TallyFloor
}

export function getMetrics({ gate, bodies, problems, clock, tally }: Measured): Endpoint {
  const startedMs = clock.monotonicMs()
  return messageEndpoint(
    {
      id: 'getMetrics',
      method: 'GET',
      place: 'api',
      path: '/metrics',
      action: 'cluster.read',
      tag: 'Cluster',
      summary: 'Figures of this process since it started',
      success: { statuses: { 200: 'The figures' }, answer: metricsSchema },
      problems: [],
    },
    () => {
      const { rss, heapUsed } = process.memoryUsage()
      return {
        body: {
          process: { uptimeMs: clock.monotonicMs() - startedMs, residentBytes: rss, heapUsedBytes: heapUsed },
          requests: { begun: gate.begun, bodiesInFlight: bodies.inFlight, problems: problems.counts },
          recount: tally.recount,
          shards: tally.shards,
        },
      }
    },
  )
}
