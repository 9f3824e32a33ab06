import { aliveSchema } from '@holdfast/core/wire/rest/cluster.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'

export function getHealthz(): Endpoint {
  return messageEndpoint(
    {
      id: 'getHealthz',
      method: 'GET',
      place: 'root',
      path: '/healthz',
      action: 'open',
      tag: 'Health',
      summary: 'This process is alive',
      success: { statuses: { 200: 'It is' }, answer: aliveSchema },
      problems: [],
    },
    () => ({ body: { alive: true as const } }),
  )
}
