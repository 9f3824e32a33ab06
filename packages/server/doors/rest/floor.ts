/** What this door stands on, as it uses it: the rules live there. */
import type { StoredState } from '@holdfast/core/wire/rest/cluster.ts'
import type { NodeView } from '../../cluster/nodes.ts'
import type { Buckets } from '../../files/buckets.ts'
import type { Downloads } from '../../files/downloads.ts'
import type { Names } from '../../files/names.ts'
import type { Uploads } from '../../files/uploads.ts'

export type BucketFloor = Pick<Buckets, 'create' | 'delete' | 'get' | 'list' | 'patch'>
export type NameFloor = Pick<
  Names,
  'byId' | 'byPath' | 'delete' | 'history' | 'list' | 'move' | 'moveFolder' | 'restore' | 'setTags'
>
export type UploadFloor = Pick<Uploads, 'admit' | 'put'>
export type DownloadFloor = Pick<Downloads, 'open'>

export interface Health {
  readonly state: StoredState
  readonly readable: boolean
  readonly writable: boolean
}

export interface ClusterFloor {
  nodes(): readonly NodeView[]
  /** How what is stored fares, and whether it could be read and written now. @throws catalog_unavailable */
  health(): Health | Promise<Health>
  /** Whether writes would go on without this node. */
  isWritableWithout(node: NodeView): boolean | Promise<boolean>
}

export interface Floor {
  readonly buckets: BucketFloor
  readonly names: NameFloor
  readonly uploads: UploadFloor
  readonly downloads: DownloadFloor
  readonly cluster: ClusterFloor
}
