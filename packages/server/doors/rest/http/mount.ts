/**
 * Puts endpoints into fastify: each under its prefixes, behind its guard, and beside them the methods that a path does not have. How
 * a body is read depends on what it is, so that there are three scopes: messages (JSON), contents and forms (not read by fastify at all).
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { FastifyInstance, FastifyPluginAsync, onRequestHookHandler, preParsingHookHandler } from 'fastify'
import { invite } from './bodies.ts'
import type { Action, Endpoint, Operation } from './endpoint.ts'
import { keptHeaders } from './kept-headers.ts'
import { pathValues, targetOf } from './url.ts'

export const API_PREFIXES = ['/api/v1', '/api'] as const

export type Guard = (action: Action, takesBody: boolean) => onRequestHookHandler

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: Operation
    action?: Action
  }
}

export async function mount(app: FastifyInstance, endpoints: readonly Endpoint[], guard: Guard): Promise<void> {
  const ofBody = (body: 'contents' | 'form') => endpoints.filter(({ operation }) => operation.body === body)
  const contents: FastifyPluginAsync = async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _body, done) => done(null))
    add(scope, ofBody('contents'), guard)
  }
  const forms: FastifyPluginAsync = async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('multipart/form-data', (_request, _body, done) => done(null))
    add(scope, ofBody('form'), guard)
  }
  const messages = endpoints.filter(({ operation }) => typeof operation.body !== 'string')
  mountMessages(app, messages, guard)
  await app.register(contents)
  await app.register(forms)
  refuseOtherMethods(app, endpoints, guard)
}

function mountMessages(app: FastifyInstance, endpoints: readonly Endpoint[], guard: Guard): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(/^application\/(.+\+)?json(;|$)/, { parseAs: 'string' }, (request, body, done) => {
    // An empty body is for the schema to judge: some messages may be left out.
    return body.length === 0 ? done(null, undefined) : parse(request, String(body), done)
  })
  add(app, endpoints, guard)
}

function add(scope: FastifyInstance, endpoints: readonly Endpoint[], guard: Guard): void {
  for (const { operation, handle } of endpoints) {
    const template = templateOf(operation)
    for (const prefix of prefixesOf(operation)) {
      const depth = prefix.split('/').length - 1
      const names = [...new Array<undefined>(depth).fill(undefined), ...template.names]
      for (const url of addressesOf(prefix, template.fastifyPath)) {
        scope.route({
          method: operation.method,
          url,
          // HEAD of contents looks only at names, and has an endpoint of its own.
          exposeHeadRoute: operation.success.answer !== 'contents',
          config: { operation, action: operation.action },
          onRequest: [guard(operation.action, operation.body !== undefined), ...keptHeaders(operation)],
          ...(typeof operation.body === 'object' && { preParsing: inviteMessage }),
          handler: (request, reply) => {
            const target = targetOf(request.raw.url ?? '/')
            return handle(request, reply, pathValues(target, { names, takesRest: template.takesRest }))
          },
        })
      }
    }
  }
}

const inviteMessage: preParsingHookHandler = (request, reply, _payload, done) => {
  invite(request.raw, reply.raw)
  done()
}

function prefixesOf({ place }: Operation): readonly string[] {
  return place === 'api' ? API_PREFIXES : ['']
}

/** The root of a prefix is there with and without its slash. */
function addressesOf(prefix: string, path: string): string[] {
  return path === '/' && prefix !== '' ? [prefix, `${prefix}/`] : [prefix + path]
}

interface Template {
  readonly fastifyPath: string
  /** Per segment the parameter's name, undefined where it is fixed. */
  readonly names: readonly (string | undefined)[]
  readonly takesRest: boolean
}

function templateOf({ path }: Operation): Template {
  const segments = path.slice(1).split('/')
  const found = segments.map((segment) => /^\{(\w+)(\*?)\}$/.exec(segment))
  return {
    fastifyPath: `/${segments.map((segment, index) => fastifySegment(segment, found[index])).join('/')}`,
    names: found.map((match) => match?.[1]),
    takesRest: found.at(-1)?.[2] === '*',
  }
}

function fastifySegment(segment: string, match: RegExpExecArray | null | undefined): string {
  if (!match) return segment
  return match[2] === '*' ? '*' : `:${match[1]}`
}

/** A path that is there answers every other method with 405 and the methods that it has. */
function refuseOtherMethods(app: FastifyInstance, endpoints: readonly Endpoint[], guard: Guard): void {
  const byAddress = new Map<string, Operation[]>()
  for (const { operation } of endpoints) {
    for (const prefix of prefixesOf(operation)) {
      for (const address of addressesOf(prefix, templateOf(operation).fastifyPath)) {
        byAddress.set(address, [...(byAddress.get(address) ?? []), operation])
      }
    }
  }
  for (const [url, operations] of byAddress) {
    const allowed = new Set<string>(operations.map(({ method }) => method))
    if (allowed.has('GET')) allowed.add('HEAD')
    const allow = [...allowed].sort().join(', ')
    const isOpen = operations.some(({ action }) => action === 'open')
    app.route({
      method: app.supportedMethods.filter((method) => !allowed.has(method)),
      url,
      exposeHeadRoute: false,
      config: {},
      onRequest: [
        guard(isOpen ? 'open' : 'file.read', true),
        (request, _reply, done) => {
          done(
            new HoldfastError('method_not_allowed', `${request.method} is not among ${allow}`, { details: { allow } }),
          )
        },
      ],
      handler: () => {},
    })
  }
}
