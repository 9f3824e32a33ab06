/**
 * Buckets: a name, a policy, and the keys of what lies in them. What was loaded is kept in memory for a second, for every request
 * asks. A change that is made here counts at once; one that another gateway made, within that second. Until then nothing
 * is written that should not be: a version commit asks the catalog whether the bucket is there.
 */
import { defaultRedundancy } from '@holdfast/core/placement/default-redundancy.ts'
import { HoldfastError, hasCode, PolicyUnplaceableError } from '@holdfast/core/wire/errors.ts'
import type { Id, IdMaker } from '@holdfast/core/wire/ids.ts'
import { completePolicy, type Policy, type PolicyRequest } from '@holdfast/core/wire/policy.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { BucketRow } from '../catalog/rows.ts'
import { createBucket } from '../catalog/transactions/create-bucket.ts'
import { deleteBucket } from '../catalog/transactions/delete-bucket.ts'
import { getBucket, getBucketById } from '../catalog/transactions/get-bucket.ts'
import { listBuckets } from '../catalog/transactions/list-buckets.ts'
import { patchBucket } from '../catalog/transactions/patch-bucket.ts'
import type { Nodes } from '../cluster/nodes.ts'
import type { StripePlan } from '../cluster/stripes-out.ts'
import type { ChunkKeys } from '../compute/compute.ts'
import type { Clock } from '../seams/clock.ts'
import type { Random } from '../seams/random.ts'
import type { MasterKeys } from './keys/master-keys.ts'
import { assertBucketName, isBucketName } from './path-rules.ts'
import { changeBy, type Requester } from './requester.ts'

/** It is there from the start, and is meant where none is named. */
export const DEFAULT_BUCKET = 'default'

const KEY_BYTES = 32
const FIRST_EPOCH = 1
const LOADED_MAX = 1000
/** Attempts at one change while others change the same bucket. */
const PATCHES_MAX = 10
/** A change made elsewhere is seen after this at the latest. */
const LOADED_MS = 1000

export interface BucketView {
  readonly bucketId: Id
  readonly name: string
  readonly kind: 'plain' | 'sealed'
  readonly policy: Policy
  readonly etag: string
  readonly createdAt: string
}

/** A bucket ready for use: its policy, and the keys of each epoch. */
export interface Bucket {
  readonly id: Id
  readonly name: string
  readonly policy: Policy
  readonly keysOf: (epoch: number) => ChunkKeys | undefined
  /** How its new stripes look; compression is decided per file. */
  readonly plan: Omit<StripePlan, 'compress'>
}

export class Buckets {
  readonly #catalog: Catalog
  readonly #masterKeys: MasterKeys
  readonly #nodes: Nodes
  readonly #clock: Clock
  readonly #ids: IdMaker
  readonly #random: Random
  readonly #loaded = new Map<string, { readonly bucket: Bucket; readonly untilMs: number }>()
  /** Counts the changes made here: what was asked of the catalog before one is not kept after it. */
  #changes = 0

  constructor(
    catalog: Catalog,
    masterKeys: MasterKeys,
    nodes: Nodes,
    seams: { clock: Clock; ids: IdMaker; random: Random },
  ) {
    this.#catalog = catalog
    this.#masterKeys = masterKeys
    this.#nodes = nodes
    this.#clock = seams.clock
    this.#ids = seams.ids
    this.#random = seams.random
  }

  /** Creates it, or finds that it is there with the same policy. @throws bucket_exists, policy_unplaceable */
  async create(
    name: string,
    asked: PolicyRequest,
    requester: Requester,
  ): Promise<{ bucket: BucketView; created: boolean }> {
    assertBucketName(name)
    const policy = this.#complete(asked)
    const bucket = this.#ids.next()
    const wrap = (purpose: 'id' | 'data', epoch: number): Uint8Array =>
      this.#masterKeys.wrap({ purpose, bucket, epoch }, this.#random.bytes(KEY_BYTES))
    const { row, created } = await this.#catalog.write(createBucket, {
      bucket,
      name,
      policy: JSON.stringify(policy),
      writeQuorum: policy.redundancy.writeQuorum,
      wrappedIdKey: wrap('id', 0),
      wrappedKey: wrap('data', FIRST_EPOCH),
      change: changeBy(requester, this.#clock, this.#ids),
    })
    return { bucket: viewOf(row), created }
  }

  /** @throws bucket_not_found */
  async get(name: string): Promise<BucketView> {
    return viewOf(await this.#row(name))
  }

  async list(options: { after?: string; limit: number }): Promise<{ items: BucketView[]; more: boolean }> {
    const { items, more } = await this.#catalog.read(listBuckets, options)
    return { items: items.map(viewOf), more }
  }

  /** What is left out stays as it is. @throws bucket_not_found, precondition_failed, policy_unplaceable */
  async patch(
    name: string,
    asked: PolicyRequest,
    ifMatch: string | undefined,
    requester: Requester,
  ): Promise<BucketView> {
    const asSeen = ifMatch === undefined || ifMatch === '*' ? undefined : versionOf(ifMatch)
    for (let attempt = 1; ; attempt++) {
      const row = await this.#row(name)
      const kept: PolicyRequest = JSON.parse(row.policy)
      // What chunks may be follows from the shape, so that another shape has its own.
      const { chunking, ...others } = kept
      const policy = this.#complete({ ...(asked.redundancy === undefined ? kept : others), ...asked })
      try {
        const patched = await this.#catalog.write(patchBucket, {
          name,
          policy: JSON.stringify(policy),
          writeQuorum: policy.redundancy.writeQuorum,
          ifVersion: asSeen ?? row.policyVersion,
          change: changeBy(requester, this.#clock, this.#ids),
        })
        this.#forget(name)
        return viewOf(patched)
      } catch (error) {
        // Another change came between: who expects no version has this one made on top of that.
        if (asSeen !== undefined || attempt === PATCHES_MAX || !hasCode(error, 'precondition_failed')) throw error
      }
    }
  }

  /** @throws bucket_not_found, bucket_not_empty unless forced */
  async delete(name: string, force: boolean, requester: Requester): Promise<void> {
    await this.#row(name)
    for (let done = false; !done; ) {
      const change = changeBy(requester, this.#clock, this.#ids)
      done = (await this.#catalog.write(deleteBucket, { name, force, change })).done
    }
    this.#forget(name)
  }

  /** The bucket as uploads and downloads need it. @throws bucket_not_found */
  use(name: string): Bucket | Promise<Bucket> {
    const loaded = this.#loaded.get(name)
    return loaded !== undefined && this.#clock.monotonicMs() < loaded.untilMs ? loaded.bucket : this.#load(name)
  }

  /** @throws bucket_not_found */
  async nameOf(bucket: Id): Promise<string> {
    for (const { bucket: loaded } of this.#loaded.values()) if (loaded.id === bucket) return loaded.name
    const row = await this.#catalog.read(getBucketById, { bucket })
    if (row === null) throw new HoldfastError('bucket_not_found', 'the bucket of this file is gone')
    return row.name
  }

  async #load(name: string): Promise<Bucket> {
    const [changes, untilMs] = [this.#changes, this.#clock.monotonicMs() + LOADED_MS]
    const row = await this.#row(name)
    const policy: Policy = JSON.parse(row.policy)
    const idKey = this.#masterKeys.unwrap({ purpose: 'id', bucket: row.bucket, epoch: 0 }, row.wrappedIdKey)
    const byEpoch = new Map<number, ChunkKeys>()
    for (const { epoch, wrappedKey } of row.keys) {
      const dataKey = this.#masterKeys.unwrap({ purpose: 'data', bucket: row.bucket, epoch }, wrappedKey)
      byEpoch.set(epoch, { bucket: row.bucket, idKey, dataKey, keyEpoch: epoch })
    }
    const newest = byEpoch.get(Math.max(...byEpoch.keys()))
    if (newest === undefined) throw new HoldfastError('format_unknown', `bucket ${name} has no data key`)
    const { data, parity, writeQuorum } = policy.redundancy
    const bucket: Bucket = {
      id: row.bucket,
      name,
      policy,
      keysOf: (epoch) => byEpoch.get(epoch),
      plan: { keys: newest, shape: { dataShards: data, parityShards: parity }, writeQuorum },
    }
    if (changes !== this.#changes) return bucket
    if (this.#loaded.size >= LOADED_MAX) this.#loaded.clear()
    this.#loaded.set(name, { bucket, untilMs })
    return bucket
  }

  #forget(name: string): void {
    this.#changes++
    this.#loaded.delete(name)
  }

  async #row(name: string): Promise<BucketRow> {
    // What is no name names no bucket, and no catalog need be asked for it.
    const row = isBucketName(name) ? await this.#catalog.read(getBucket, { name }) : null
    if (row === null) throw new HoldfastError('bucket_not_found', `there is no bucket ${name}`)
    return row
  }

  #complete(asked: PolicyRequest): Policy {
    const present = this.#nodes.all().length
    const policy = completePolicy(asked, defaultRedundancy(present))
    const needed = policy.redundancy.data + policy.redundancy.parity
    if (needed > present) throw new PolicyUnplaceableError({ needed, present })
    return policy
  }
}

function viewOf(row: BucketRow): BucketView {
  return {
    bucketId: row.bucket,
    name: row.name,
    kind: row.kind,
    policy: JSON.parse(row.policy),
    etag: `"${row.policyVersion}"`,
    createdAt: new Date(row.createdAt).toISOString(),
  }
}

function versionOf(etag: string): number {
  const found = /^"(\d+)"$/.exec(etag)?.[1]
  if (found === undefined)
    throw new HoldfastError('bad_request', `If-Match of a bucket is its ETag, such as "1", not ${etag}`)
  return Number(found)
}
