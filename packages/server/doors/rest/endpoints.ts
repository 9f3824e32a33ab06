/** Every endpoint of this door, with what it needs. */
import type { Clock } from '../../seams/clock.ts'
import { deleteBucket } from './buckets/delete-bucket.ts'
import { getBucket } from './buckets/get-bucket.ts'
import { listBuckets } from './buckets/list-buckets.ts'
import { patchBucket } from './buckets/patch-bucket.ts'
import { putBucket } from './buckets/put-bucket.ts'
import { collect } from './cluster/collect.ts'
import { getCluster } from './cluster/get-cluster.ts'
import { getHealth } from './cluster/get-health.ts'
import { getHealthz } from './cluster/get-healthz.ts'
import { getMetrics } from './cluster/get-metrics.ts'
import { getNode } from './cluster/get-node.ts'
import { getReadyz } from './cluster/get-readyz.ts'
import { listNodes } from './cluster/list-nodes.ts'
import { download } from './curl/download.ts'
import { files } from './curl/files.ts'
import { headDownload } from './curl/head-download.ts'
import { metadata } from './curl/metadata.ts'
import { upload } from './curl/upload.ts'
import { getAbout } from './describe/get-about.ts'
import { getDocs } from './describe/get-docs.ts'
import { getOpenApi } from './describe/get-openapi.ts'
import { getRoot } from './describe/get-root.ts'
import { deleteFile } from './files/delete-file.ts'
import { describeFile } from './files/describe-file.ts'
import { getFile } from './files/get-file.ts'
import { headFile } from './files/head-file.ts'
import { listDeleted } from './files/list-deleted.ts'
import { listFiles } from './files/list-files.ts'
import { listHistory } from './files/list-history.ts'
import { moveFolder } from './files/move-folder.ts'
import { patchFile } from './files/patch-file.ts'
import { putFile } from './files/put-file.ts'
import { restoreFile } from './files/restore-file.ts'
import { uploadFiles } from './files/upload-files.ts'
import type { Floor } from './floor.ts'
import type { Problems } from './http/answer-problem.ts'
import type { Bodies } from './http/bodies.ts'
import type { Endpoint } from './http/endpoint.ts'
import type { Gate } from './http/guard.ts'
import { getJob } from './jobs/get-job.ts'

/** What the door itself keeps while it serves. */
interface Desk {
  readonly bodies: Bodies
  readonly clock: Clock
  readonly gate: Gate
  readonly problems: Problems
  readonly version: string
}

export function endpoints(floor: Floor, desk: Desk): readonly Endpoint[] {
  const { cluster, names, uploads, downloads } = floor
  const { bodies, clock, problems, version } = desk
  const all: Endpoint[] = [
    getRoot(desk),
    getAbout(desk),
    getDocs(desk),
    getOpenApi({ version, all: () => all }),
    listBuckets(floor),
    putBucket(floor),
    getBucket(floor),
    patchBucket(floor),
    deleteBucket(floor),
    putFile({ uploads, bodies }),
    getFile({ downloads, problems, clock }),
    headFile({ names, downloads, clock }),
    deleteFile(floor),
    uploadFiles({ uploads, bodies, problems }),
    listFiles(floor),
    listDeleted(floor),
    describeFile(floor),
    patchFile(floor),
    moveFolder(floor),
    listHistory(floor),
    restoreFile(floor),
    getCluster(floor),
    collect(floor),
    listNodes(floor),
    getNode(floor),
    getJob(floor),
    getMetrics({ ...desk, tally: floor.tally }),
    getHealth({ cluster }),
    getHealthz(),
    getReadyz({ cluster }),
    upload({ uploads, bodies, problems }),
    files(floor),
    download({ downloads, problems, clock }),
    headDownload({ names, downloads, clock }),
    metadata(floor),
  ]
  return all
}
