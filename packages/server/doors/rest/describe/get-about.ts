import { aboutSchema } from '@holdfast/core/wire/rest/about.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'
import { about } from './about.ts'

export function getAbout({ version }: { version: string }): Endpoint {
  return messageEndpoint(
    {
      id: 'getAbout',
      method: 'GET',
      place: 'api',
      path: '/',
      action: 'open',
      tag: 'About',
      summary: 'Name, version and links',
      success: { statuses: { 200: 'What this is' }, answer: aboutSchema },
      problems: [],
    },
    () => ({ body: about(version) }),
  )
}
