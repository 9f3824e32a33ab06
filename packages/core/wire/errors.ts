/**
 * Every failure that a caller may act on, as classes with a `code` from one closed union. Codes travel between node,
 * gateway and client and stand in the problem+json of every door: add new ones, never rename. Anything else that is
 * thrown is a bug.
 */

export type ErrorCode =
  | 'bad_configuration'
  | 'bad_request'
  | 'body_too_large'
  | 'body_too_slow'
  | 'bucket_exists'
  | 'bucket_not_empty'
  | 'bucket_not_found'
  | 'catalog_locked'
  | 'catalog_unavailable'
  | 'conflict'
  | 'digest_mismatch'
  | 'disk_failed'
  | 'disk_foreign'
  | 'disk_full'
  | 'file_not_found'
  | 'file_unavailable'
  | 'format_unknown'
  | 'idempotency_mismatch'
  | 'in_progress'
  | 'limit_exceeded'
  | 'method_not_allowed'
  | 'node_unavailable'
  | 'not_found'
  | 'order_refused'
  | 'overloaded'
  | 'policy_unplaceable'
  | 'precondition_failed'
  | 'quorum_lost'
  | 'range_not_satisfiable'
  | 'recovering'
  | 'session_ended'
  | 'shard_corrupt'
  | 'shard_not_found'
  | 'shutting_down'
  | 'unauthorized'
  | 'unsupported_media_type'
  | 'version_not_found'

export const statusOf: Record<ErrorCode, number> = {
  bad_configuration: 500,
  bad_request: 400,
  body_too_large: 413,
  body_too_slow: 408,
  bucket_exists: 409,
  bucket_not_empty: 409,
  bucket_not_found: 404,
  catalog_locked: 503,
  catalog_unavailable: 503,
  conflict: 409,
  digest_mismatch: 400,
  disk_failed: 503,
  disk_foreign: 503,
  disk_full: 507,
  file_not_found: 404,
  file_unavailable: 503,
  format_unknown: 500,
  idempotency_mismatch: 422,
  in_progress: 409,
  limit_exceeded: 400,
  method_not_allowed: 405,
  node_unavailable: 503,
  not_found: 404,
  order_refused: 409,
  overloaded: 503,
  policy_unplaceable: 409,
  precondition_failed: 412,
  quorum_lost: 503,
  range_not_satisfiable: 416,
  recovering: 503,
  session_ended: 409,
  shard_corrupt: 500,
  shard_not_found: 404,
  shutting_down: 503,
  unauthorized: 401,
  unsupported_media_type: 415,
  version_not_found: 404,
}

/** The codes after which the same call, unchanged, may succeed later. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'body_too_slow',
  'catalog_unavailable',
  'file_unavailable',
  'in_progress',
  'node_unavailable',
  'overloaded',
  'quorum_lost',
  'session_ended',
  'shutting_down',
])

/** What a problem may name beside its sentence: numbers and names that help to mend it. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>

export class HoldfastError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, options?: ErrorOptions & { details?: ErrorDetails }) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.details = options?.details ?? {}
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code)
  }
}

export function hasCode(error: unknown, ...codes: ErrorCode[]): error is HoldfastError {
  return error instanceof HoldfastError && codes.includes(error.code)
}

export class PolicyUnplaceableError extends HoldfastError {
  constructor(counts: { needed: number; present: number }) {
    const missing = counts.needed - counts.present
    super(
      'policy_unplaceable',
      `the policy needs ${counts.needed} nodes and ${counts.present} can take a shard: ${missing} missing`,
      { details: { ...counts, missing } },
    )
  }
}

export class QuorumLostError extends HoldfastError {
  constructor(counts: { needed: number; reached: number }, options?: ErrorOptions) {
    super(
      'quorum_lost',
      `a write needs ${counts.needed} nodes and reached ${counts.reached}; try again when more are back`,
      {
        ...options,
        details: counts,
      },
    )
  }
}
