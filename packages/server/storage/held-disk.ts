/**
 * Holds on to one disk through what may happen to it, and gives every failure its meaning. A disk is
 *
 *   online   read and written
 *   suspect  it fails to read too often: read and written, but whoever places shards had better take another
 *   full     only its reserve is left: puts are refused, deletes and compaction are not
 *   failed   a write or a sync failed, after which nobody knows what is on it: read, and never written again
 *   absent   its identity is not to be found under its path: nothing is asked of it until it is found again
 *
 * A disk that comes back is mounted as if the program had just started, with an index made anew: what was written and not
 * synced when it went away may be gone. More than that is gone where it was replaced by an older copy of itself, so that it is
 * shown to `onReturn` before anything is asked of it.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { systemCodeOf } from '../seams/disk.ts'
import { type Identity, isSameIdentity, type ParsedIdentity, readIdentity } from './identity.ts'
import { type Mounted, type MountOptions, mountDisk } from './mounted-disk.ts'
import { IndexFailedError } from './shard-index.ts'
import type { NodeReport } from './shard-store.ts'
import { SpaceGuard } from './space-guard.ts'

const NO_SPACE = new Set<string | undefined>(['ENOSPC', 'EDQUOT'])
const NO_HANDLES = new Set<string | undefined>(['EMFILE', 'ENFILE'])

export interface HoldOptions extends MountOptions {
  /** Kept free for what gives space back; by default 1 % of the disk, at most 1 GiB. */
  readonly reserveBytes?: number
  /** Told of a disk that is back, and how far it was written when it went. While this fails, the disk stays away. */
  readonly onReturn?: (report: NodeReport, before: NodeReport['segmentEnds']) => Promise<void>
}

export class HeldDisk implements AsyncDisposable {
  readonly #options: HoldOptions
  readonly space: SpaceGuard
  #identity: Identity | undefined
  #mounted: Mounted | undefined
  /** How far the disk was written when it went away. */
  #endsBefore: NodeReport['segmentEnds'] = []
  #failure: HoldfastError | undefined
  #closed = false
  /** The last letting go of a disk; mounting and closing wait for it. */
  #leaving: Promise<void> = Promise.resolve()
  #checking: Promise<void> | undefined

  private constructor(options: HoldOptions) {
    this.#options = options
    this.space = new SpaceGuard(options.disk, options.reserveBytes)
  }

  static async open(options: HoldOptions): Promise<HeldDisk> {
    const held = new HeldDisk(options)
    try {
      await held.#mount(true)
    } catch (error) {
      throw NO_SPACE.has(systemCodeOf(error))
        ? new HoldfastError('disk_full', 'no room to count a start', { cause: error })
        : error
    }
    return held
  }

  get identity(): Identity {
    assert(this.#identity !== undefined, 'a held disk was mounted once')
    return this.#identity
  }

  get state(): NodeReport['state'] {
    if (this.#failure !== undefined) return 'failed'
    if (this.#mounted === undefined) return 'absent'
    if (this.#mounted.reader.errors.areTooMany) return 'suspect'
    return this.space.isFull ? 'full' : 'online'
  }

  get mounted(): Mounted | undefined {
    return this.#mounted
  }

  /** @throws node_unavailable */
  readable(): Mounted {
    if (this.#closed) throw new HoldfastError('shutting_down', 'this disk is being closed')
    if (this.#mounted === undefined) throw new HoldfastError('node_unavailable', 'the disk is away')
    return this.#mounted
  }

  /** @throws node_unavailable, disk_failed */
  writable(): Mounted {
    const mounted = this.readable()
    if (this.#failure !== undefined) throw this.#failure
    return mounted
  }

  /** What a failed write means. After anything but lack of space or of handles, the disk is not written again. */
  async judgeWrite(error: unknown): Promise<Error> {
    const meant = await this.#judge(error)
    if (meant !== undefined) return meant
    this.#failure ??= new HoldfastError('disk_failed', 'a write or a sync failed: this disk is not written any more', {
      cause: error,
    })
    const failure = this.#failure
    const mounted = this.#mounted
    if (mounted !== undefined) this.#leaving = this.#leaving.then(() => mounted.appender.end(failure))
    return failure
  }

  /** What a failed read means; undefined where the disk is there and only these bytes cannot be had. */
  async judgeRead(error: unknown): Promise<Error | undefined> {
    return await this.#judge(error)
  }

  /** Looks whether the disk is still there, or there again. To be called about each second. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined
    })
    return this.#checking
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.#checking
    await this.#leaving
    await this.#mounted?.[Symbol.asyncDispose]()
  }

  async #judge(error: unknown): Promise<Error | undefined> {
    if (error instanceof HoldfastError) return error
    if (error instanceof IndexFailedError && !error.isFull) return this.#leave(error)
    const code = error instanceof IndexFailedError ? 'ENOSPC' : systemCodeOf(error)
    if (code === undefined) return error instanceof Error ? error : new Error('not an error', { cause: error })
    if (NO_SPACE.has(code)) {
      this.space.noteFull()
      return new HoldfastError('disk_full', 'the disk is full', { cause: error })
    }
    if (NO_HANDLES.has(code)) return new HoldfastError('overloaded', 'no file handle is left', { cause: error })
    return (await this.#isHere()) ? undefined : this.#leave(error)
  }

  async #check(): Promise<void> {
    if (this.#failure !== undefined || this.#closed) return
    const found = await this.#findIdentity().catch(() => undefined)
    if (found === undefined) return
    if (this.#mounted !== undefined) {
      if (isSameIdentity(found, this.identity)) await this.space.measure().catch(() => undefined)
      else this.#leave(undefined)
      return
    }
    await this.#leaving
    const { cluster, node, disk } = this.identity
    const back =
      found.is === 'known' &&
      found.identity.cluster === cluster &&
      found.identity.node === node &&
      found.identity.disk === disk
    if (back && !this.#closed) await this.#mount(false).catch(() => undefined)
  }

  async #mount(trusted: boolean): Promise<void> {
    const mounted = await mountDisk(this.#options, {
      trusted,
      judge: (error) => this.judgeWrite(error),
      checkDisk: async (identity) => {
        if (!isSameIdentity(await this.#findIdentity(), identity)) throw this.#leave(undefined)
      },
    })
    if (!trusted) await this.#show(mounted)
    this.#identity = mounted.identity
    this.#mounted = mounted
  }

  async #show(mounted: Mounted): Promise<void> {
    const { node, disk, starts, start } = mounted.identity
    try {
      const { capacityBytes, freeBytes } = await this.space.measure()
      const report = {
        node,
        disk,
        starts,
        start,
        capacityBytes,
        freeBytes,
        segmentEnds: mounted.table.ends(),
        settledBelow: mounted.table.settledBelow,
        closedBelow: mounted.closed.below,
        readErrors: 0,
        state: 'online',
      } as const
      await this.#options.onReturn?.(report, this.#endsBefore)
    } catch (error) {
      await mounted.abandon(new HoldfastError('node_unavailable', 'the disk is not let in', { cause: error }))
      throw error
    }
  }

  async #isHere(): Promise<boolean> {
    const known = this.#identity
    try {
      return known === undefined || isSameIdentity(await this.#findIdentity(), known)
    } catch {
      // Who cannot look believes that nothing has changed.
      return true
    }
  }

  /** A directory that cannot even be asked holds no identity; but it takes a handle to ask. */
  async #findIdentity(): Promise<ParsedIdentity> {
    try {
      return await readIdentity(this.#options.disk)
    } catch (error) {
      if (NO_HANDLES.has(systemCodeOf(error))) throw error
      return { is: 'missing' }
    }
  }

  #leave(cause: unknown): HoldfastError {
    const away = new HoldfastError('node_unavailable', 'the disk is away', { cause })
    const mounted = this.#mounted
    this.#mounted = undefined
    if (mounted === undefined) return away
    this.#endsBefore = mounted.table.ends()
    this.#leaving = this.#leaving.then(() => mounted.abandon(away))
    return away
  }
}
