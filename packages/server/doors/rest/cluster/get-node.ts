import { nodeSchema } from '@holdfast/core/wire/rest/cluster.ts'
import type { ClusterFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { findNode } from './find-node.ts'

export function getNode({ cluster }: { cluster: Pick<ClusterFloor, 'health'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'getNode',
      method: 'GET',
      place: 'api',
      path: '/nodes/{id}',
      action: 'cluster.read',
      tag: 'Cluster',
      summary: 'One node, by its id or its number',
      success: { statuses: { 200: 'The node' }, answer: nodeSchema },
      problems: ['not_found'],
    },
    async ({ values }) => ({ body: findNode((await cluster.health()).nodes, values.id) }),
  )
}
