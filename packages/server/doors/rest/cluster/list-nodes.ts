import { nodePageSchema } from '@holdfast/core/wire/rest/cluster.ts'
import type { ClusterFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'

export function listNodes({ cluster }: { cluster: Pick<ClusterFloor, 'health'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'listNodes',
      method: 'GET',
      place: 'api',
      path: '/nodes',
      action: 'cluster.read',
      tag: 'Cluster',
      summary: 'All nodes',
      success: { statuses: { 200: 'The nodes' }, answer: nodePageSchema },
      problems: [],
    },
    async () => ({ body: { items: (await cluster.health()).nodes, nextCursor: null } }),
  )
}
