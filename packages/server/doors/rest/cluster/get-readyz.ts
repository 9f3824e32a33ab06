import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { readyQuery, readySchema } from '@holdfast/core/wire/rest/cluster.ts'
import type { ClusterFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { findNode } from './find-node.ts'

export function getReadyz({ cluster }: { cluster: ClusterFloor }): Endpoint {
  return messageEndpoint(
    {
      id: 'getReadyz',
      method: 'GET',
      place: 'root',
      path: '/readyz',
      action: 'open',
      tag: 'Health',
      summary: 'Catalog and write quorum are there; with `maintenance`, also without that node',
      query: readyQuery,
      success: { statuses: { 200: 'Ready' }, answer: readySchema },
      problems: ['catalog_unavailable', 'recovering', 'quorum_lost', 'precondition_failed', 'not_found'],
    },
    async ({ query: { maintenance } }) => {
      const { state, writable, nodes } = await cluster.health()
      if (state === 'recovery') throw new HoldfastError('recovering', 'the catalog is older than the drives')
      if (!writable) throw new HoldfastError('quorum_lost', 'too few nodes take writes')
      if (maintenance !== undefined) {
        const node = findNode(nodes, maintenance)
        if (!(await cluster.isWritableWithout(node.number))) {
          throw new HoldfastError('precondition_failed', `without node ${node.number} too few nodes would take writes`)
        }
      }
      return { body: { ready: true as const } }
    },
  )
}
