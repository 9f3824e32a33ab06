/**
 * How a program ends that failed in a way which is foreseen. The numbers are the same for every program of ours, so that a script may
 * tell by them what to do next. A record, so that a new code without a number does not compile.
 */
import type { ErrorCode } from './errors.ts'

/** Also of what has no code of ours, as where the system refuses a file. */
export const FAILED = 1
const USAGE = 2
const NOT_FOUND = 4
const TEMPORARY = 5
const REFUSED = 6
const CONFIGURATION = 7
const LIMIT = 8
const UNREACHABLE = 10
const CONFLICT = 11
const CREDENTIALS = 12

export const exitCodeOf: Record<ErrorCode, number> = {
  bad_configuration: CONFIGURATION,
  bad_request: USAGE,
  body_too_large: LIMIT,
  body_too_slow: TEMPORARY,
  bucket_exists: CONFLICT,
  bucket_not_empty: CONFLICT,
  bucket_not_found: NOT_FOUND,
  catalog_locked: CONFLICT,
  // Nothing that only waits would bring it back.
  catalog_unavailable: UNREACHABLE,
  conflict: CONFLICT,
  digest_mismatch: REFUSED,
  disk_failed: FAILED,
  disk_foreign: CONFIGURATION,
  disk_full: LIMIT,
  file_not_found: NOT_FOUND,
  file_unavailable: TEMPORARY,
  format_unknown: REFUSED,
  idempotency_mismatch: CONFLICT,
  in_progress: TEMPORARY,
  limit_exceeded: LIMIT,
  method_not_allowed: REFUSED,
  node_unavailable: TEMPORARY,
  not_found: NOT_FOUND,
  order_refused: REFUSED,
  overloaded: TEMPORARY,
  policy_unplaceable: REFUSED,
  precondition_failed: CONFLICT,
  quorum_lost: TEMPORARY,
  range_not_satisfiable: REFUSED,
  recovering: REFUSED,
  session_ended: TEMPORARY,
  shard_corrupt: FAILED,
  shard_not_found: NOT_FOUND,
  shutting_down: TEMPORARY,
  unauthorized: CREDENTIALS,
  unsupported_media_type: REFUSED,
  version_not_found: NOT_FOUND,
}
