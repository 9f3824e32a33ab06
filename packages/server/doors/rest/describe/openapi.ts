/**
 * The OpenAPI 3.1 document, made from the endpoints and the schemas that validate. Each `api` path stands in it once, under
 * `/api/v1`; the same is there under `/api`.
 */
import { type ErrorCode, statusOf } from '@holdfast/core/wire/errors.ts'
import { problemSchema, problemTitles } from '@holdfast/core/wire/rest/problem.ts'
import { z } from 'zod'
import type { Operation } from '../http/endpoint.ts'
import { API_PREFIXES } from '../http/mount.ts'

type Json = Readonly<Record<string, unknown>>

export interface OpenApi {
  readonly openapi: '3.1.1'
  readonly info: Json
  readonly servers: readonly Json[]
  readonly security: readonly Json[]
  readonly tags: readonly Json[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>
  readonly components: { readonly schemas: Readonly<Record<string, unknown>>; readonly securitySchemes: Json }
}

/** What may go wrong with any request, and with any that needs a key. */
const PROBLEMS_ANYWHERE: readonly ErrorCode[] = ['bad_request', 'limit_exceeded', 'overloaded', 'shutting_down']
const PROBLEMS_WITH_BODY: readonly ErrorCode[] = ['body_too_large', 'unsupported_media_type']

export function openApiOf(operations: readonly Operation[], version: string): OpenApi {
  const schemas = new Schemas()
  const paths: Record<string, Record<string, Json>> = {}
  for (const operation of operations) {
    const path = documentedPath(operation)
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation, schemas) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Holdfast',
      version,
      description: `Paths under ${API_PREFIXES[0]} are the same under ${API_PREFIXES[1]}. Paths of files keep their slashes; every other byte may be percent-encoded.`,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: schemas.named,
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key, such as the one in `admin.key`' },
      },
    },
  }
}

function documentedPath({ place, path }: Operation): string {
  const prefix = place === 'api' ? API_PREFIXES[0] : ''
  return path === '/' && prefix !== '' ? prefix : prefix + path.replace('*}', '}')
}

function describe(operation: Operation, schemas: Schemas): Json {
  const { id, summary, tag, action, success } = operation
  const parameters = [
    ...pathParameters(operation),
    ...queryParameters(operation, schemas),
    ...headerParameters(operation),
  ]
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(action === 'open' && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...requestBody(operation, schemas),
    responses: {
      ...Object.fromEntries(
        Object.entries(success.statuses).map(([status, description]) => [
          status,
          { description, ...answerContent(operation, Number(status), schemas) },
        ]),
      ),
      ...problemResponses(operation, schemas),
    },
  }
}

function pathParameters({ path }: Operation): Json[] {
  return [...path.matchAll(/\{(\w+)(\*?)\}/g)].map(([, name, rest]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
    ...(rest === '*' && { description: 'May hold slashes' }),
  }))
}

function queryParameters({ query }: Operation, schemas: Schemas): Json[] {
  return Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { description, ...rest } = schemas.of(schema, 'output')
    return { name, in: 'query', required: false, ...(description !== undefined && { description }), schema: rest }
  })
}

function headerParameters({ headers }: Operation): Json[] {
  return Object.entries(headers ?? {}).map(([name, description]) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  }))
}

function requestBody({ body }: Operation, schemas: Schemas): Json {
  if (body === undefined) return {}
  if (body === 'contents') {
    return { requestBody: { required: true, content: { '*/*': { schema: { type: 'string', format: 'binary' } } } } }
  }
  if (body === 'form') {
    const properties = {
      bucket: { type: 'string' },
      path: { type: 'string' },
      file: { type: 'string', format: 'binary' },
    }
    const schema = { type: 'object', properties, required: ['file'] }
    return { requestBody: { required: true, content: { 'multipart/form-data': { schema } } } }
  }
  const content = { 'application/json': { schema: schemas.of(body.schema, 'input') } }
  return { requestBody: { required: body.optional !== true, content } }
}

function answerContent({ method, success: { answer } }: Operation, status: number, schemas: Schemas): Json {
  if (answer === 'nothing' || method === 'HEAD' || status === 304) return {}
  if (answer === 'page') return { content: { 'text/html': { schema: { type: 'string' } } } }
  if (answer === 'contents') return { content: { '*/*': { schema: { type: 'string', format: 'binary' } } } }
  return { content: { 'application/json': { schema: schemas.of(answer, 'input') } } }
}

function problemResponses(operation: Operation, schemas: Schemas): Json {
  const codes = new Set<ErrorCode>([
    ...PROBLEMS_ANYWHERE,
    ...(operation.action === 'open' ? [] : (['unauthorized'] as const)),
    ...(operation.body === undefined ? [] : PROBLEMS_WITH_BODY),
    ...operation.problems,
  ])
  const byStatus = Map.groupBy(codes, (code) => statusOf[code])
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [
      status,
      {
        description: ofStatus.map((code) => `\`${code}\`: ${problemTitles[code]}`).join('. '),
        ...(operation.method !== 'HEAD' && {
          content: { 'application/problem+json': { schema: schemas.of(problemSchema, 'input') } },
        }),
      },
    ]),
  )
}

/** JSON schemas of messages; those that have a name stand in the document once, and are referred to. */
class Schemas {
  readonly named: Record<string, unknown> = {}

  of(schema: z.ZodType, io: 'input' | 'output'): Json {
    // As a property of something, so that a schema which has a name itself is referred to like any other.
    const { properties, $defs = {} } = z.toJSONSchema(z.object({ it: schema }), { io, target: 'draft-2020-12' })
    for (const [name, definition] of Object.entries($defs)) this.named[name] = referring(definition)
    return referring(properties?.['it'] ?? {}) as Json
  }
}

/** The same with references into the document's components. */
function referring(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referring)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      // A definition's own name is its key here; a property that is called `id` is a schema.
      .filter(([key, each]) => (key !== 'id' && key !== '$id') || typeof each !== 'string')
      .map(([key, each]) => [
        key,
        key === '$ref' ? String(each).replace('#/$defs/', '#/components/schemas/') : referring(each),
      ]),
  )
}
