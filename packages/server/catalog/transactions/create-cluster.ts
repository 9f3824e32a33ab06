import type { Id } from '@holdfast/core/wire/ids.ts'
import { bytesIn, bytesOf, idIn, numberIn } from '../cells.ts'
import type { ClusterRow } from '../rows.ts'
import { query, type Steps, type Transaction } from '../transaction.ts'

export interface CreateClusterArgs {
  readonly clusterId: Id
  readonly lineage: Id
  readonly recoveryPublicKey: Uint8Array
  readonly sealedHeader: Uint8Array
  readonly nowMs: number
}

/** Answers the cluster that is there, which is another one where it had been made before. */
export const createCluster: Transaction<CreateClusterArgs, ClusterRow> = {
  name: 'createCluster',
  *run({ clusterId, lineage, recoveryPublicKey, sealedHeader, nowMs }) {
    const existing = yield* readCluster()
    if (existing !== null) return existing
    yield* query(
      `INSERT INTO cluster (one, cluster_id, lineage, sequence, recovery_public_key, sealed_header, changes_gone,
         created_at)
       VALUES (1, ?, ?, 0, ?, ?, 0, ?)`,
      bytesOf(clusterId),
      bytesOf(lineage),
      recoveryPublicKey,
      sealedHeader,
      nowMs,
    )
    return { clusterId, lineage, sequence: 0, recoveryPublicKey, sealedHeader, createdAt: nowMs }
  },
}

export const loadCluster: Transaction<Record<never, never>, ClusterRow | null> = {
  name: 'loadCluster',
  run: readCluster,
}

function* readCluster(): Steps<ClusterRow | null> {
  const [row] = yield* query('SELECT * FROM cluster')
  if (row === undefined) return null
  return {
    clusterId: idIn(row, 'cluster_id'),
    lineage: idIn(row, 'lineage'),
    sequence: numberIn(row, 'sequence'),
    recoveryPublicKey: bytesIn(row, 'recovery_public_key'),
    sealedHeader: bytesIn(row, 'sealed_header'),
    createdAt: numberIn(row, 'created_at'),
  }
}
