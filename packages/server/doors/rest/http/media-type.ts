/**
 * A body of a type that its request does not take. Who sent it mostly named none and does not know which went out: `curl -d`, for
 * one, says that it is a form.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { FastifyRequest } from 'fastify'
import { CONTENT_TYPE_CHARACTERS_MAX } from '../limits.ts'
import { MESSAGE_TYPE } from './endpoint.ts'

/** What fastify refused for its type, in our words; undefined where something else was thrown. */
export function refusedMediaType(thrown: unknown, request: FastifyRequest): HoldfastError | undefined {
  const isRefused = thrown instanceof Error && 'code' in thrown && thrown.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE'
  return isRefused ? wrongMediaType(request) : undefined
}

export function wrongMediaType({ headers, routeOptions }: FastifyRequest): HoldfastError {
  const came = headers['content-type']?.slice(0, CONTENT_TYPE_CHARACTERS_MAX) ?? 'nothing'
  const body = routeOptions.config.operation?.body
  // Contents are of any type, so that only a text which is none is refused.
  if (body === 'contents') {
    return new HoldfastError('bad_request', `Content-Type is a type such as image/jpeg, not ${came}`, {
      details: { came },
    })
  }
  const taken = takenBy(body)
  const message = `this request takes ${taken}, and its Content-Type says ${came}`
  return new HoldfastError('unsupported_media_type', message, { details: { came, taken } })
}

function takenBy(body: NonNullable<FastifyRequest['routeOptions']['config']['operation']>['body']): string {
  if (body === undefined) return 'no body'
  return body === 'form' ? 'multipart/form-data' : MESSAGE_TYPE
}
