import { z } from 'zod'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { type OpenApi, openApiOf } from './openapi.ts'

const documentSchema = z.record(z.string(), z.unknown())

/** `all` is asked when the first request comes, for this endpoint is among them. */
export function getOpenApi({ version, all }: { version: string; all: () => readonly Endpoint[] }): Endpoint {
  let document: OpenApi | undefined
  return messageEndpoint(
    {
      id: 'getOpenApi',
      method: 'GET',
      place: 'api',
      path: '/openapi.json',
      action: 'open',
      tag: 'About',
      summary: 'This description, as OpenAPI 3.1',
      success: { statuses: { 200: 'The document' }, answer: documentSchema },
      problems: [],
    },
    () => {
      document ??= openApiOf(
        all().map(({ operation }) => operation),
        version,
      )
      return { headers: { 'cache-control': 'no-cache' }, body: { ...document } }
    },
  )
}
