/**
 * A *problem* is how every door says that something did not work (RFC 9457): the code is for programs, the detail for people.
 * `type` leads to the sentence of that code on the page `/docs`.
 */
import { z } from 'zod'
import { type ErrorCode, statusOf } from '../errors.ts'

/** What a code means, whatever the occasion. A record, so that a new code without a sentence does not compile. */
export const problemTitles: Record<ErrorCode, string> = {
  bad_configuration: 'What the program was told to use cannot be used',
  bad_request: 'The request is not well formed',
  body_too_large: 'The body is larger than this request may be',
  body_too_slow: 'The request arrived too slowly',
  bucket_exists: 'A bucket of this name is there, with another policy',
  bucket_not_empty: 'The bucket still holds files',
  bucket_not_found: 'There is no such bucket',
  catalog_locked: 'Another process holds the catalog',
  catalog_unavailable: 'The catalog does not answer',
  conflict: 'What is there now stands against the change',
  digest_mismatch: 'The body is not the one that its digest names',
  disk_failed: 'A disk has failed',
  disk_foreign: 'A disk belongs to another cluster or node',
  disk_full: 'There is no room left',
  file_not_found: 'There is no such file',
  file_unavailable: 'Too few shards of the file can be read',
  format_unknown: 'Stored bytes have a format that this version does not know',
  idempotency_mismatch: 'The Idempotency-Key was used with another body',
  in_progress: 'A request with the same Idempotency-Key is still running',
  limit_exceeded: 'A limit is exceeded',
  method_not_allowed: 'The resource does not have this method',
  node_unavailable: 'A node does not answer',
  not_found: 'There is nothing at this address',
  order_refused: 'A later order was already carried out',
  overloaded: 'Too much is asked for at once',
  policy_unplaceable: 'The policy needs more nodes than there are',
  precondition_failed: 'What the request expects is not the case',
  quorum_lost: 'Too few nodes answer to write',
  range_not_satisfiable: 'The range lies outside the file',
  recovering: 'The catalog is older than the drives, and nothing is written until the newer one is back',
  session_ended: 'The session of the upload has ended: send it again',
  shard_corrupt: 'A stored shard is damaged',
  shard_not_found: 'A stored shard is not there',
  shutting_down: 'The server is shutting down',
  unauthorized: 'The request carries no valid key',
  unsupported_media_type: 'The body is of a type that this request does not take',
  version_not_found: 'There is no such version',
}

/** For what is a bug, and tells nothing of the inside. */
export const INTERNAL_ERROR = 'internal_error'
export const INTERNAL_ERROR_TITLE = 'Something went wrong inside the server'

const codes = Object.keys(statusOf) as ErrorCode[]

/** One thing that is wrong with a request, and where it stands. */
const problemPlaceSchema = z.object({
  detail: z.string(),
  /** In the body, as a JSON pointer. */
  pointer: z.string().optional(),
  /** In the query. */
  parameter: z.string().optional(),
  /** In a form or a bulk request, which item. */
  item: z.int().optional(),
  code: z.enum(codes).optional(),
})

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum([...codes, INTERNAL_ERROR]),
    requestId: z.string(),
    errors: z.array(problemPlaceSchema).optional(),
    /** Numbers and names that help to mend it. */
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  })
  .meta({ id: 'Problem' })

export type Problem = z.infer<typeof problemSchema>
export type ProblemPlace = z.infer<typeof problemPlaceSchema>

export function problemType(code: Problem['code']): string {
  return `/docs#errors-${code}`
}
