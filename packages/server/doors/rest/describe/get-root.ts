import { aboutSchema } from '@holdfast/core/wire/rest/about.ts'
import { ANSWER_HEADERS, type Endpoint, MESSAGE_TYPE, messageBytes } from '../http/endpoint.ts'
import { originOf } from '../http/origin.ts'
import { about } from './about.ts'
import { homePage } from './home-page.ts'
import { pageHeaders } from './page.ts'

export function getRoot({ version }: { version: string }): Endpoint {
  return {
    operation: {
      id: 'getRoot',
      method: 'GET',
      place: 'root',
      path: '/',
      action: 'open',
      tag: 'About',
      summary: 'Name, version and links; a page for browsers',
      success: { statuses: { 200: 'What this is' }, answer: aboutSchema },
      problems: [],
    },
    handle(request, reply) {
      reply.header('vary', 'accept')
      if (!wantsPage(request.raw.headers.accept)) {
        reply
          .headers(ANSWER_HEADERS)
          .type(MESSAGE_TYPE)
          .send(messageBytes(about(version)))
      } else {
        const page = homePage(about(version), originOf(request.raw))
        reply.headers(pageHeaders(page)).send(page.html)
      }
    },
  }
}

/** Browsers name HTML first; whoever names JSON, or nothing in particular, is a program. */
function wantsPage(accept = ''): boolean {
  const html = accept.indexOf('text/html')
  const json = accept.indexOf('application/json')
  return html !== -1 && (json === -1 || html < json)
}
