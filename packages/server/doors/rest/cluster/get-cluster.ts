import { clusterSchema } from '@holdfast/core/wire/rest/cluster.ts'
import type { ClusterFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'

export function getCluster({ cluster }: { cluster: Pick<ClusterFloor, 'health'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'getCluster',
      method: 'GET',
      place: 'api',
      path: '/cluster',
      action: 'cluster.read',
      tag: 'Cluster',
      summary: 'How the cluster fares, and its room',
      success: { statuses: { 200: 'The cluster' }, answer: clusterSchema },
      problems: [],
    },
    async () => {
      const { state, readable, writable, nodes, warnings } = await cluster.health()
      const capacityBytes = nodes.reduce((sum, node) => sum + node.capacityBytes, 0)
      const freeBytes = nodes.reduce((sum, node) => sum + node.freeBytes, 0)
      return { body: { state, readable, writable, capacityBytes, freeBytes, nodes, warnings } }
    },
  )
}
