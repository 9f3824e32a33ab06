/** Every catalog transaction by its name: that is how a driver's threads find what they are asked to run. */
import type { Transaction } from './transaction.ts'
import { claimIdempotency } from './transactions/claim-idempotency.ts'
import { collectable } from './transactions/collectable.ts'
import { commitPage } from './transactions/commit-page.ts'
import { commitStripe } from './transactions/commit-stripe.ts'
import { commitVersion } from './transactions/commit-version.ts'
import { condemn } from './transactions/condemn.ts'
import { createBucket } from './transactions/create-bucket.ts'
import { createCluster, loadCluster } from './transactions/create-cluster.ts'
import { closeSessions, deadSessions, forgetSessions } from './transactions/dead-sessions.ts'
import { deleteBucket } from './transactions/delete-bucket.ts'
import { deleteFile } from './transactions/delete-file.ts'
import { durableOn } from './transactions/durable-on.ts'
import { endSession, endSessionsOf } from './transactions/end-session.ts'
import { findChunks } from './transactions/find-chunks.ts'
import { getBucket, getBucketById } from './transactions/get-bucket.ts'
import { getFile, getFileById } from './transactions/get-file.ts'
import { getVersion, history } from './transactions/get-version.ts'
import { listBuckets } from './transactions/list-buckets.ts'
import { listDeleted } from './transactions/list-deleted.ts'
import { listFiles } from './transactions/list-files.ts'
import { listNodes } from './transactions/list-nodes.ts'
import { moveFile } from './transactions/move-file.ts'
import { moveFolder } from './transactions/move-folder.ts'
import { nodeCompared } from './transactions/node-compared.ts'
import { nodeSeen } from './transactions/node-seen.ts'
import { nodeStarted } from './transactions/node-started.ts'
import { openSession } from './transactions/open-session.ts'
import { ordersDone } from './transactions/orders-done.ts'
import { patchBucket } from './transactions/patch-bucket.ts'
import { pendingOrders } from './transactions/pending-orders.ts'
import { outboxHorizon, pruneIdempotency, pruneOutbox } from './transactions/prune.ts'
import { readLone } from './transactions/read-lone.ts'
import { placesOf, readPage, readPlan } from './transactions/read-plan.ts'
import { reap } from './transactions/reap.ts'
import { recount } from './transactions/recount.ts'
import { releaseIdempotency } from './transactions/release-idempotency.ts'
import { renewSessions } from './transactions/renew-sessions.ts'
import { restoreVersion } from './transactions/restore-version.ts'
import { setTags } from './transactions/set-tags.ts'
import { shardArrived } from './transactions/shard-arrived.ts'
import { shardsDamaged } from './transactions/shards-damaged.ts'
import { shardsOf } from './transactions/shards-of.ts'
import { shardsUnlisted } from './transactions/shards-unlisted.ts'
import { storedHealth } from './transactions/stored-health.ts'

export const transactions: Readonly<Record<string, Transaction<never, unknown>>> = {
  claimIdempotency,
  closeSessions,
  collectable,
  commitPage,
  commitStripe,
  commitVersion,
  condemn,
  createBucket,
  createCluster,
  deadSessions,
  deleteBucket,
  deleteFile,
  durableOn,
  endSession,
  endSessionsOf,
  findChunks,
  forgetSessions,
  getBucket,
  getBucketById,
  getFile,
  getFileById,
  getVersion,
  history,
  listBuckets,
  listDeleted,
  listFiles,
  listNodes,
  loadCluster,
  moveFile,
  moveFolder,
  nodeCompared,
  nodeSeen,
  nodeStarted,
  openSession,
  ordersDone,
  outboxHorizon,
  patchBucket,
  pendingOrders,
  placesOf,
  pruneIdempotency,
  pruneOutbox,
  readLone,
  readPage,
  readPlan,
  reap,
  recount,
  releaseIdempotency,
  renewSessions,
  restoreVersion,
  setTags,
  shardArrived,
  shardsDamaged,
  shardsOf,
  shardsUnlisted,
  storedHealth,
}
