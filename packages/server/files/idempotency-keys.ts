/**
 * One Idempotency-Key never makes two versions. A key is claimed when its request begins and completed inside the version
 * commit, with the whole answer; a second request meanwhile hears `in_progress`, a later one the same answer. The claim lives with the
 * session that the request has pinned.
 */
import { hash } from 'node:crypto'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { asSha256, type Id, type Sha256 } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { claimIdempotency } from '../catalog/transactions/claim-idempotency.ts'
import { releaseIdempotency } from '../catalog/transactions/release-idempotency.ts'
import type { Clock } from '../seams/clock.ts'

export interface IdempotencyRequest {
  readonly principal: string
  /** Method and path. */
  readonly scope: string
  readonly key: string
}

export type Claim =
  | { readonly done: false; readonly keyHash: Sha256; readonly session: Id; readonly claimedAt: number }
  | { readonly done: true; readonly status: number; readonly answer: string; readonly bodySha256: Sha256 | null }

export class IdempotencyKeys {
  readonly #catalog: Catalog
  readonly #clock: Clock

  constructor(catalog: Catalog, clock: Clock) {
    this.#catalog = catalog
    this.#clock = clock
  }

  /** @throws in_progress */
  async claim({ principal, scope, key }: IdempotencyRequest, session: Id): Promise<Claim> {
    const keyHash = asSha256(hash('sha256', JSON.stringify([principal, scope, key]), 'hex'))
    const nowMs = this.#clock.now()
    const claimed = await this.#catalog.write(claimIdempotency, { keyHash, session, nowMs })
    if (claimed.state === 'claimed') return { done: false, keyHash, session, claimedAt: nowMs }
    return { done: true, status: claimed.status, answer: claimed.answer, bodySha256: claimed.bodySha256 }
  }

  /** A request that failed gives its key back, so that it may be tried again at once. */
  async release(claim: Claim | undefined): Promise<void> {
    if (claim === undefined || claim.done) return
    // A key that cannot be given back now becomes free when its session ends.
    await this.#catalog.write(releaseIdempotency, claim).catch(() => {})
  }
}

export function idempotencyMismatch(): HoldfastError {
  return new HoldfastError('idempotency_mismatch', 'this Idempotency-Key was used with another body; take a new key')
}
