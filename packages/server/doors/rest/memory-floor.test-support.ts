/** The floor below, small and in memory: the same interfaces and refusals, with neither catalog nor nodes. */
import { hash } from 'node:crypto'
import { HoldfastError, PolicyUnplaceableError } from '@holdfast/core/wire/errors.ts'
import { asSha256, type Id, IdMaker, type Sha256 } from '@holdfast/core/wire/ids.ts'
import { completePolicy, type Policy, type PolicyRequest } from '@holdfast/core/wire/policy.ts'
import type { Warning } from '@holdfast/core/wire/rest/cluster.ts'
import type { NodeStanding } from '../../cluster/health.ts'
import { Jobs } from '../../cluster/jobs.ts'
import { Tally } from '../../cluster/tally.ts'
import type { BucketView } from '../../files/buckets.ts'
import type { OpenFile } from '../../files/downloads.ts'
import type { FileAnswer } from '../../files/file-answer.ts'
import type { Listed, ListItem, ListRequest } from '../../files/names.ts'
import { assertBucketName, assertFolder, assertPath, assertTags } from '../../files/path-rules.ts'
import type { UploadRequest, UploadResult } from '../../files/uploads.ts'
import { systemClock } from '../../seams/clock.ts'
import { systemRandom } from '../../seams/random.ts'
import type { ClusterFloor, CollectionFloor, Floor } from './floor.ts'
import {
  answerOf,
  checkPreconditions,
  current,
  deletedView,
  gather,
  type MemoryFile,
  type MemoryVersion,
  tagged,
  versionView,
  view,
  viewOf,
} from './memory-file.test-support.ts'

const PIECE_BYTES = 64 * 1024
/** Of 3+2 on five nodes. */
const WRITE_QUORUM = 4

export class MemoryFloor implements Floor {
  readonly #ids = new IdMaker(Date.now, systemRandom.bytes)
  readonly #buckets = new Map<string, BucketView & { version: number }>()
  readonly #files = new Map<Id, MemoryFile>()
  readonly #answers = new Map<string, { sha256: Sha256; answer: FileAnswer; created: boolean }>()
  readonly nodes: NodeStanding[]
  readonly warnings: Warning[] = []
  /** Contents up to this length are at hand at once. */
  wholeBytesMax = 1024 * 1024
  /** A read fails after so many bytes. */
  failReadsAfterBytes = Number.POSITIVE_INFINITY
  /** What a test wants to happen first. */
  beforePut: ((request: UploadRequest) => void | Promise<void>) | undefined
  bytesRead = 0
  readsOpen = 0

  constructor() {
    this.nodes = Array.from({ length: 5 }, (_, number) => ({
      number: number + 1,
      id: this.#ids.next(),
      name: `node-${number + 1}`,
      zone: `zone-${number + 1}`,
      region: 'here',
      weight: 1,
      state: 'online' as const,
      writable: true,
      capacityBytes: 1000,
      freeBytes: 900,
      shardsDamaged: 0,
      shardsMissing: 0,
      readErrors: 0,
    }))
    this.#create('default', {})
  }

  readonly buckets: Floor['buckets'] = {
    create: async (name, asked) => {
      assertBucketName(name)
      const policy = this.#policy(asked)
      const there = this.#buckets.get(name)
      if (there !== undefined && JSON.stringify(there.policy) !== JSON.stringify(policy)) {
        throw new HoldfastError('bucket_exists', `${name} is there with another policy`)
      }
      return { bucket: view(there ?? this.#create(name, asked)), created: there === undefined }
    },
    get: async (name) => view(this.#bucket(name)),
    list: async ({ after = '', limit }) => {
      const found = [...this.#buckets.values()]
        .filter(({ name }) => name > after)
        .sort((a, b) => (a.name < b.name ? -1 : 1))
      return { items: found.slice(0, limit).map(view), more: found.length > limit }
    },
    patch: async (name, asked, ifMatch) => {
      const bucket = this.#bucket(name)
      if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== bucket.etag) {
        throw new HoldfastError('precondition_failed', 'the bucket has changed')
      }
      const version = bucket.version + 1
      const patched = {
        ...bucket,
        policy: this.#policy({ ...bucket.policy, ...asked } as PolicyRequest),
        version,
        etag: `"${version}"`,
      }
      this.#buckets.set(name, patched)
      return view(patched)
    },
    delete: async (name, force) => {
      this.#bucket(name)
      const held = [...this.#files.values()].filter((file) => file.bucket === name)
      if (!force && held.some((file) => current(file).kind === 'content')) {
        throw new HoldfastError('bucket_not_empty', `${name} holds files`)
      }
      for (const { file } of held) this.#files.delete(file)
      this.#buckets.delete(name)
    },
  }

  readonly uploads: Floor['uploads'] = {
    admit: (_lengthBytes, _signal, work) => work(),
    isCrowded: false,
    put: async (request) => {
      assertPath(request.path)
      await this.beforePut?.(request)
      this.#bucket(request.bucket)
      const { body } = request
      const bytes = body instanceof Uint8Array ? Buffer.from(body) : await gather(body)
      return this.#put(request, bytes)
    },
  }

  readonly downloads: Floor['downloads'] = {
    open: ({ bucket, path, version }) => {
      assertPath(path)
      this.#bucket(bucket)
      const file = version === undefined ? this.#at(bucket, path) : this.#everAt(bucket, path)
      const found = version === undefined ? current(file) : file.versions.find((each) => each.version === version)
      if (found?.kind !== 'content') throw new HoldfastError('version_not_found', `${path} has no version ${version}`)
      return this.#open(file, found)
    },
  }

  readonly names: Floor['names'] = {
    byId: async (id) => tagged(this.#byId(id)),
    byPath: async (bucket, path) => {
      assertPath(path)
      this.#bucket(bucket)
      return viewOf(this.#at(bucket, path))
    },
    list: async (request) => this.#list(request),
    listDeleted: async ({ bucket = 'default', prefix = '', limit }) => {
      this.#bucket(bucket)
      const gone = [...this.#files.values()].filter(
        (file) => file.bucket === bucket && current(file).kind === 'deleted',
      )
      const found = gone.filter((file) => file.path.startsWith(prefix)).map(deletedView)
      return { items: found.slice(0, limit), nextCursor: null }
    },
    history: async (id, { cursor, limit }) => {
      const file = this.#byId(id)
      const versions = [...file.versions].reverse()
      const from = cursor === undefined ? 0 : versions.findIndex(({ version }) => version === cursor) + 1
      const items = versions.slice(from, from + limit)
      const last = items.at(-1)
      const more = from + limit < versions.length
      return {
        items: items.map((each) => versionView(file, each)),
        nextCursor: more && last !== undefined ? last.version : null,
      }
    },
    delete: async ({ bucket, path, preconditions }) => {
      assertPath(path)
      this.#bucket(bucket)
      const there = this.#find(bucket, path)
      checkPreconditions(there, preconditions)
      const file = this.#at(bucket, path)
      const marker = { ...current(file), version: this.#ids.next(), kind: 'deleted' as const, bytes: Buffer.alloc(0) }
      file.versions.push(marker)
      return { fileId: file.file, versionId: marker.version }
    },
    restore: async ({ file: id, version, preconditions, idempotencyKey, idempotencyScope }) => {
      const file = this.#byId(id)
      const key = idempotencyKey === undefined ? undefined : `${idempotencyScope} ${idempotencyKey}`
      const before = key === undefined ? undefined : this.#answers.get(key)
      if (before !== undefined) return before.answer
      checkPreconditions(current(file).kind === 'content' ? file : undefined, preconditions)
      const old = file.versions.find((each) => each.version === version && each.kind === 'content')
      if (old === undefined) throw new HoldfastError('version_not_found', 'the file has no such version')
      file.versions.push({ ...old, version: this.#ids.next() })
      const answer = answerOf(file)
      if (key !== undefined) this.#answers.set(key, { sha256: old.sha256, answer, created: false })
      return answer
    },
    move: async ({ file: id, path, overwrite, preconditions }) => {
      assertPath(path)
      const file = this.#byId(id)
      checkPreconditions(file, preconditions)
      const there = this.#find(file.bucket, path)
      if (there !== undefined && there !== file) {
        if (!overwrite) throw new HoldfastError('conflict', 'a file is at the target')
        this.#files.delete(there.file)
      }
      file.path = path
      return viewOf(file)
    },
    moveFolder: async ({ bucket, from, to }) => {
      assertFolder(from)
      assertFolder(to)
      this.#bucket(bucket)
      const moving = [...this.#files.values()].filter((file) => file.bucket === bucket && file.path.startsWith(from))
      if (moving.length === 0) throw new HoldfastError('file_not_found', 'no path begins so')
      for (const file of moving) file.path = to + file.path.slice(from.length)
      return { moved: moving.length }
    },
    setTags: async ({ file: id, tags, preconditions }) => {
      assertTags(tags)
      const file = this.#byId(id)
      checkPreconditions(file, preconditions)
      file.tags = { ...tags }
      return tagged(file)
    },
  }

  readonly cluster: ClusterFloor = {
    health: async () => {
      const away = this.nodes.filter(({ state }) => state !== 'online').length
      const state = away === 0 ? 'optimal' : away <= 2 ? 'degraded' : 'critical'
      const writable = this.nodes.filter((node) => node.writable).length >= WRITE_QUORUM
      return { state, readable: away <= 2, writable, nodes: this.nodes, warnings: this.warnings }
    },
    isWritableWithout: async (number) =>
      this.nodes.filter((node) => node.writable && node.number !== number).length >= WRITE_QUORUM,
  }

  /** Nothing is here that could be collected; a test says otherwise. */
  collected = { chunks: 0, pages: 0, stripes: 0, debris: 0 }
  collections = 0

  /** What a collection waits for. */
  collecting: Promise<void> = Promise.resolve()

  readonly reaper: CollectionFloor = {
    run: async () => {
      this.collections++
      await this.collecting
      return this.collected
    },
    collectable: async () => this.collected,
  }

  readonly tally = new Tally()

  readonly jobs = new Jobs({ clock: systemClock, ids: this.#ids, failed: rethrow, fatal: rethrow })

  /** Everything that is there, as `bucket/path`. */
  get paths(): string[] {
    return [...this.#files.values()]
      .filter((file) => current(file).kind === 'content')
      .map(({ bucket, path }) => `${bucket}/${path}`)
      .sort()
  }

  #put(request: UploadRequest, bytes: Buffer): UploadResult {
    const { bucket, path, preconditions, idempotencyKey, idempotencyScope } = request
    const sha256 = asSha256(hash('sha256', bytes, 'hex'))
    const key = idempotencyKey === undefined ? undefined : `${idempotencyScope} ${idempotencyKey}`
    const before = key === undefined ? undefined : this.#answers.get(key)
    if (before !== undefined) {
      if (before.sha256 !== sha256) throw new HoldfastError('idempotency_mismatch', 'another body')
      return { answer: before.answer, created: before.created, replayed: true }
    }
    const there = this.#find(bucket, path)
    checkPreconditions(there, preconditions)
    if (request.expectedSha256 !== undefined && request.expectedSha256 !== sha256) {
      throw new HoldfastError('digest_mismatch', `the body's SHA-256 is ${sha256}`)
    }
    const file = there ?? { file: this.#ids.next(), bucket, path, tags: {}, versions: [] }
    file.versions.push({
      version: this.#ids.next(),
      kind: 'content',
      bytes,
      sha256,
      contentType: request.contentType ?? null,
      strategy: request.strategy ?? 'direct',
      modifiedAt: request.modifiedAt ?? Date.now(),
    })
    this.#files.set(file.file, file)
    const result = { answer: answerOf(file), created: there === undefined }
    if (key !== undefined) this.#answers.set(key, { sha256, ...result })
    return { ...result, replayed: false }
  }

  #open(file: MemoryFile, found: MemoryVersion): OpenFile {
    const { bytes, sha256, contentType, modifiedAt, version, strategy } = found
    const floor = this
    const rest = { size: bytes.length, sha256, contentType, modifiedAt, version, file: file.file }
    const opened = {
      file: { ...rest, bucket: file.file, path: file.path },
      version: {
        ...rest,
        kind: 'content' as const,
        strategy,
        createdAt: 0,
        author: null,
        clock: bytes,
        chunk: null,
        pages: null,
      },
      async *read(range: { offset: number; length: number } | undefined, signal: AbortSignal) {
        const { offset, length } = range ?? { offset: 0, length: bytes.length }
        floor.readsOpen++
        try {
          for (let at = offset; at < offset + length; at += PIECE_BYTES) {
            signal.throwIfAborted()
            if (at - offset >= floor.failReadsAfterBytes)
              throw new HoldfastError('file_unavailable', 'too few nodes answer')
            const piece = bytes.subarray(at, Math.min(at + PIECE_BYTES, offset + length))
            floor.bytesRead += piece.length
            yield piece
          }
        } finally {
          floor.readsOpen--
        }
      },
    }
    return bytes.length <= this.wholeBytesMax ? { ...opened, whole: bytes } : opened
  }

  #list({ bucket = 'default', prefix = '', delimiter, q, tag, cursor, limit }: ListRequest): Listed<ListItem> {
    this.#bucket(bucket)
    const there = [...this.#files.values()]
      .filter((file) => file.bucket === bucket && current(file).kind === 'content' && file.path.startsWith(prefix))
      .filter((file) => q === undefined || file.path.toLowerCase().includes(q.toLowerCase()))
      .filter((file) => tag === undefined || Object.entries(file.tags).some((pair) => pair.join('=') === tag))
    const byName = new Map<string, ListItem>()
    for (const file of there) {
      const end = delimiter === undefined ? -1 : file.path.indexOf(delimiter, prefix.length)
      const common = file.path.slice(0, end + (delimiter?.length ?? 0))
      byName.set(end === -1 ? file.path : common, end === -1 ? viewOf(file) : { bucket, prefix: common })
    }
    const sorted = [...byName].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const after = sorted.filter(
      ([name]) => cursor === undefined || Buffer.compare(Buffer.from(name), Buffer.from(cursor)) > 0,
    )
    const page = after.slice(0, limit)
    return { items: page.map(([, item]) => item), nextCursor: after.length > limit ? (page.at(-1)?.[0] ?? null) : null }
  }

  #policy(asked: PolicyRequest): Policy {
    const policy = completePolicy(asked, { dataShards: 3, parityShards: 2 })
    const needed = policy.redundancy.data + policy.redundancy.parity
    if (needed > this.nodes.length) throw new PolicyUnplaceableError({ needed, present: this.nodes.length })
    return policy
  }

  #create(name: string, asked: PolicyRequest): BucketView & { version: number } {
    const createdAt = new Date().toISOString()
    const bucket = {
      bucketId: this.#ids.next(),
      name,
      kind: 'plain' as const,
      policy: this.#policy(asked),
      etag: '"1"',
      createdAt,
      version: 1,
    }
    this.#buckets.set(name, bucket)
    return bucket
  }

  #bucket(name: string): BucketView & { version: number } {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) throw new HoldfastError('bucket_not_found', `there is no bucket ${name}`)
    return bucket
  }

  #everAt(bucket: string, path: string): MemoryFile {
    const file = [...this.#files.values()].find((each) => each.bucket === bucket && each.path === path)
    if (file === undefined) throw new HoldfastError('file_not_found', `there is no file ${path}`)
    return file
  }

  #find(bucket: string, path: string): MemoryFile | undefined {
    return [...this.#files.values()].find(
      (file) => file.bucket === bucket && file.path === path && current(file).kind === 'content',
    )
  }

  #at(bucket: string, path: string): MemoryFile {
    const file = this.#find(bucket, path)
    if (file === undefined) throw new HoldfastError('file_not_found', `there is no file ${path} in bucket ${bucket}`)
    return file
  }

  #byId(id: Id): MemoryFile {
    const file = this.#files.get(id)
    if (file === undefined) throw new HoldfastError('file_not_found', `there is no file with the id ${id}`)
    return file
  }
}

function rethrow(error: unknown): never {
  throw error
}
