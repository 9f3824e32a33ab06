/** What this door stands on, as it uses it: the rules live there. */
import type { ClusterHealth } from '../../cluster/health.ts'
import type { Jobs } from '../../cluster/jobs.ts'
import type { Reaper } from '../../cluster/reaper.ts'
import type { Tally } from '../../cluster/tally.ts'
import type { Buckets } from '../../files/buckets.ts'
import type { Downloads } from '../../files/downloads.ts'
import type { Names } from '../../files/names.ts'
import type { Uploads } from '../../files/uploads.ts'

export type BucketFloor = Pick<Buckets, 'create' | 'delete' | 'get' | 'list' | 'patch'>
export type NameFloor = Pick<
  Names,
  'byId' | 'byPath' | 'delete' | 'history' | 'list' | 'listDeleted' | 'move' | 'moveFolder' | 'restore' | 'setTags'
>
export type UploadFloor = Pick<Uploads, 'admit' | 'isCrowded' | 'put'>
export type DownloadFloor = Pick<Downloads, 'open'>

export type ClusterFloor = Pick<ClusterHealth, 'health' | 'isWritableWithout'>
export type CollectionFloor = Pick<Reaper, 'collectable' | 'run'>

export type TallyFloor = Pick<Tally, 'recount' | 'shards'>

export type JobFloor = Pick<Jobs, 'get' | 'start'>

export interface Floor {
  readonly buckets: BucketFloor
  readonly names: NameFloor
  readonly uploads: UploadFloor
  readonly downloads: DownloadFloor
  readonly cluster: ClusterFloor
  readonly reaper: CollectionFloor
  readonly tally: TallyFloor
  readonly jobs: JobFloor
}
