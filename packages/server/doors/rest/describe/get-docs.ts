import type { Endpoint } from '../http/endpoint.ts'
import { docsPage } from './docs-page.ts'
import { pageHeaders } from './page.ts'

export function getDocs({ version }: { version: string }): Endpoint {
  const page = docsPage(version)
  const headers = pageHeaders(page)
  return {
    operation: {
      id: 'getDocs',
      method: 'GET',
      place: 'root',
      path: '/docs',
      action: 'open',
      tag: 'About',
      summary: 'A page that lists every request, and sends it',
      success: { statuses: { 200: 'The page' }, answer: 'page' },
      problems: [],
    },
    handle(_request, reply) {
      reply.headers(headers).send(page.html)
    },
  }
}
