/** The cluster of this catalog and its keys: found together, or made together at the first start. */
import type { IdMaker } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { ClusterRow } from './catalog/rows.ts'
import { createCluster, loadCluster } from './catalog/transactions/create-cluster.ts'
import { listBuckets } from './catalog/transactions/list-buckets.ts'
import { type KeyFiles, openKeyFiles, type WrappedKey, wrappedFor } from './files/keys/key-files.ts'
import { sealHeader } from './files/keys/sealed-header.ts'
import type { Clock } from './seams/clock.ts'
import type { Random } from './seams/random.ts'
import type { SecretFiles } from './seams/secret-files.ts'

const BUCKETS_AT_ONCE = 1000

export interface OpenClusterOptions {
  readonly catalog: Catalog
  readonly secrets: SecretFiles
  readonly clock: Clock
  readonly random: Random
  readonly ids: IdMaker
  /** Asked before a cluster is made. @throws where a first start is not what it looks like */
  readonly mayBeFirst: () => Promise<void>
}

/** @throws SecretRefusedError */
export async function openCluster(options: OpenClusterOptions): Promise<{ cluster: ClusterRow; keys: KeyFiles }> {
  const { catalog, secrets, clock, random, ids, mayBeFirst } = options
  const known = await catalog.read(loadCluster, {})
  if (known !== null) {
    const wrapped = await allWrapped(catalog)
    return {
      cluster: known,
      keys: await openKeyFiles(secrets, { random, ids }, { mayCreate: false, cluster: known, wrapped }),
    }
  }
  await mayBeFirst()
  const keys = await openKeyFiles(secrets, { random, ids }, { mayCreate: true })
  const { recoveryPublicKey, masterKeys } = keys
  const [clusterId, lineage, nowMs] = [ids.next(), ids.next(), clock.now()]
  const header = { cluster: clusterId, lineage, madeAt: nowMs, masterKeys: masterKeys.all }
  const sealedHeader = sealHeader(header, recoveryPublicKey, random)
  const cluster = await catalog.write(createCluster, { clusterId, lineage, recoveryPublicKey, sealedHeader, nowMs })
  return { cluster, keys }
}

async function allWrapped(catalog: Catalog): Promise<WrappedKey[]> {
  const wrapped: WrappedKey[] = []
  for (let after = '', more = true; more; ) {
    const page = await catalog.read(listBuckets, { after, limit: BUCKETS_AT_ONCE })
    wrapped.push(...page.items.flatMap(wrappedFor))
    after = page.items.at(-1)?.name ?? after
    more = page.more
  }
  return wrapped
}
