/**
 * If-Match and If-None-Match: `*`, or a list of entity tags. Our tags are strong and are version ids; If-Match compares strongly, so
 * a weak tag never matches there, and weakly in If-None-Match (RFC 9110, 13.1).
 */

import type { IncomingHttpHeaders } from 'node:http'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { type Id, isId } from '@holdfast/core/wire/ids.ts'
import type { Preconditions } from '@holdfast/core/wire/preconditions.ts'
import { ENTITY_TAGS_MAX } from '../limits.ts'

const NONE: Preconditions = {}
const TAG = /\s*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)/y

/** @throws bad_request, limit_exceeded */
export function preconditionsOf(headers: IncomingHttpHeaders): Preconditions {
  const match = headers['if-match']
  const noneMatch = headers['if-none-match']
  if (match === undefined && noneMatch === undefined) return NONE
  return {
    ...(match !== undefined && { ifMatch: entityTags('If-Match', match, { weakCounts: false }) }),
    ...(noneMatch !== undefined && { ifNoneMatch: entityTags('If-None-Match', noneMatch, { weakCounts: true }) }),
  }
}

/** Tags that cannot be ours are left out: a list of them names no version. */
function entityTags(header: string, value: string, { weakCounts }: { weakCounts: boolean }): (Id | '*')[] {
  if (value.trim() === '*') return ['*']
  const tags: Id[] = []
  let count = 0
  for (TAG.lastIndex = 0; TAG.lastIndex < value.length; ) {
    const found = TAG.exec(value)
    if (found === null) throw new HoldfastError('bad_request', `${header} is * or a list of tags such as "…", "…"`)
    if (++count > ENTITY_TAGS_MAX)
      throw new HoldfastError('limit_exceeded', `${header} names at most ${ENTITY_TAGS_MAX} tags`)
    const [, weak, opaque = ''] = found
    if (isId(opaque) && (weak === undefined || weakCounts)) tags.push(opaque)
  }
  if (count === 0) throw new HoldfastError('bad_request', `${header} is empty`)
  return tags
}

export function entityTag(version: Id): string {
  return `"${version}"`
}
