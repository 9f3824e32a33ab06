import { jobSchema } from '@holdfast/core/wire/rest/job.ts'
import type { JobFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'

export function getJob({ jobs }: { jobs: Pick<JobFloor, 'get'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'getJob',
      method: 'GET',
      place: 'api',
      path: '/jobs/{id}',
      action: 'cluster.read',
      tag: 'Jobs',
      summary: 'How a job fares that was asked for since the last start',
      success: { statuses: { 200: 'The job' }, answer: jobSchema },
      problems: ['not_found'],
    },
    ({ values }) => ({ body: jobs.get(values.id) }),
  )
}
