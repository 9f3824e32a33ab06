import { healthSchema } from '@holdfast/core/wire/rest/cluster.ts'
import type { ClusterFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'

/** Open to anybody, so it says this and no more. */
export function getHealth({ cluster }: { cluster: Pick<ClusterFloor, 'health'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'getHealth',
      method: 'GET',
      place: 'root',
      path: '/health',
      action: 'open',
      tag: 'Health',
      summary: 'How the cluster fares',
      success: { statuses: { 200: 'The health' }, answer: healthSchema },
      problems: [],
    },
    async () => {
      const { state, readable, writable, nodes } = await cluster.health()
      return { body: { state, readable, writable, nodes: nodes.map((node) => ({ id: node.id, state: node.state })) } }
    },
  )
}
