/**
 * An *endpoint* is one verb on one path: what the document says of it (its *operation*), and its handler. The server, the document
 * and the tests all read the same list of them.
 *
 * A path is a template such as `/buckets/{bucket}/files/{path}`; a last parameter with a star, `{path*}`, takes the rest of the
 * path, slashes too.
 */

import type { IncomingHttpHeaders } from 'node:http'
import type { ErrorCode } from '@holdfast/core/wire/errors.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Requester } from '../../../files/requester.ts'
import { queryValues } from './url.ts'
import { validated } from './validation.ts'

/** What a request does, for whoever decides whether it may. `open` asks for no key. */
export type Action =
  | 'open'
  | 'bucket.change'
  | 'bucket.create'
  | 'bucket.delete'
  | 'bucket.read'
  | 'cluster.maintain'
  | 'cluster.read'
  | 'file.change'
  | 'file.delete'
  | 'file.list'
  | 'file.read'
  | 'file.write'

export type Method = 'DELETE' | 'GET' | 'HEAD' | 'PATCH' | 'POST' | 'PUT'

export interface Operation {
  readonly id: string
  readonly method: Method
  /** `api` paths stand under every prefix of the API, `root` paths at the root. */
  readonly place: 'api' | 'root'
  readonly path: string
  readonly action: Action
  readonly tag: string
  readonly summary: string
  readonly query?: z.ZodObject
  /** Request headers that it looks at. */
  readonly headers?: Readonly<Record<string, string>>
  /** What its body is: a message, the contents of a file, or a form with files. */
  readonly body?: { readonly schema: z.ZodType; readonly optional?: true } | 'contents' | 'form'
  readonly success: {
    /** Status and what it means; the first one is the usual one. */
    readonly statuses: Readonly<Record<number, string>>
    /** A message, or contents as they are, or nothing. */
    readonly answer: z.ZodType | 'contents' | 'page' | 'nothing'
  }
  /** What may go wrong beside what may go wrong anywhere. */
  readonly problems: readonly ErrorCode[]
}

export type PathValues = Readonly<Record<string, string>>

export interface Endpoint {
  readonly operation: Operation
  /** Returns what fastify sends; undefined where it has answered by itself. The reply itself would be waited for. */
  readonly handle: (request: FastifyRequest, reply: FastifyReply, values: PathValues) => unknown
}

type Immutable<T> = T extends object ? { readonly [Key in keyof T]: Immutable<T[Key]> } : T

type ValueNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? (Name extends `${infer Stem}*` ? Stem : Name) | ValueNames<Rest>
  : never

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

export interface Call<Path extends string, Query, Body> {
  readonly values: { readonly [Name in ValueNames<Path>]: string }
  readonly query: Parsed<Query>
  readonly body: Parsed<Body>
  readonly requester: Requester
  readonly headers: IncomingHttpHeaders
}

export interface Answer<Message> {
  /** 200 where it is left out. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Immutable<Message>
}

export const MESSAGE_TYPE = 'application/json'
export const ANSWER_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const

/** As bytes: to text, fastify would add a charset that these types do not have. */
export function messageBytes(message: unknown): Buffer {
  return Buffer.from(JSON.stringify(message))
}

/** An endpoint that takes and gives messages. Its handler sees only what fits the schemas. */
export function messageEndpoint<
  const Path extends string,
  Message extends z.ZodType | 'nothing',
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(
  operation: Omit<Operation, 'path' | 'query' | 'body' | 'success'> & {
    readonly path: Path
    readonly query?: Query
    readonly body?: { readonly schema: Body; readonly optional?: true }
    readonly success: { readonly statuses: Readonly<Record<number, string>>; readonly answer: Message }
  },
  act: (
    call: Call<Path, Query, Body>,
  ) =>
    | Answer<Message extends z.ZodType ? z.input<Message> : never>
    | Promise<Answer<Message extends z.ZodType ? z.input<Message> : never>>,
): Endpoint {
  const { query, body } = operation
  return {
    operation: operation as Operation,
    async handle(request, reply, values) {
      const call = {
        values,
        query: query && validated(query, queryValues(request.raw.url ?? ''), 'query'),
        body: body?.schema && validated(body.schema, request.body ?? (body.optional ? {} : undefined), 'body'),
        requester: request.requester,
        headers: request.raw.headers,
      }
      // The template's type names exactly the values that were taken out of the path.
      const answer = await act(call as Call<Path, Query, Body>)
      reply.code(answer.status ?? 200).headers({ ...ANSWER_HEADERS, ...answer.headers })
      if (answer.body === undefined) return null
      reply.type(MESSAGE_TYPE)
      return messageBytes(answer.body)
    },
  }
}
