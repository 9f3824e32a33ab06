/** The API's name, version and links: what a program finds first. */
import type { aboutSchema } from '@holdfast/core/wire/rest/about.ts'
import type { z } from 'zod'

/** Those of its links that need no key. */
export const OPEN_LINKS: readonly string[] = ['api', 'openapi', 'docs', 'health']

export function about(version: string): z.infer<typeof aboutSchema> {
  return {
    name: 'Holdfast',
    version,
    links: {
      api: '/api/v1',
      openapi: '/api/v1/openapi.json',
      docs: '/docs',
      health: '/health',
      buckets: '/api/v1/buckets',
      files: '/api/v1/files',
      nodes: '/api/v1/nodes',
      cluster: '/api/v1/cluster',
    },
  }
}
