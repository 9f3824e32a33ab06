/**
 * Headers on which a client relies that a change is not made, or not made twice. An endpoint that changes something names those that it
 * keeps among its headers; any other of them is refused, for a client that is not told would believe itself safe. So what an
 * endpoint forgets is refused and never ignored.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { onRequestHookHandler } from 'fastify'
import type { Method, Operation } from './endpoint.ts'

export const RELIED_ON = ['Idempotency-Key', 'If-Match', 'If-None-Match', 'If-Unmodified-Since'] as const

/** They change nothing. Their conditions only say whether contents are sent. */
const SAFE: ReadonlySet<Method> = new Set(['GET', 'HEAD'])

/** Refuses what the operation does not keep, with bad_request. */
export function keptHeaders({ method, headers = {} }: Operation): onRequestHookHandler[] {
  if (SAFE.has(method)) return []
  const refused = RELIED_ON.filter((name) => headers[name] === undefined).map(
    (name) => [name, name.toLowerCase()] as const,
  )
  const refuse: onRequestHookHandler = ({ raw }, _reply, done) => {
    const sent = refused.find(([, lowerCase]) => raw.headers[lowerCase] !== undefined)
    done(sent && new HoldfastError('bad_request', `${sent[0]} is not kept here; send the request without it`))
  }
  return [refuse]
}
