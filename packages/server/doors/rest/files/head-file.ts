import type { Id } from '@holdfast/core/wire/ids.ts'
import { contentsQuery } from '@holdfast/core/wire/rest/file.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../../seams/clock.ts'
import type { DownloadFloor, NameFloor } from '../floor.ts'
import type { Endpoint } from '../http/endpoint.ts'
import { CONDITIONS, headersOf, type Representation, select, versionAsked } from './contents.ts'
import { representationOf } from './send-contents.ts'

export interface Heading {
  readonly names: Pick<NameFloor, 'byPath'>
  readonly downloads: DownloadFloor
  readonly clock: Clock
}

export function headFile(heading: Heading): Endpoint {
  return {
    operation: {
      id: 'headFile',
      method: 'HEAD',
      place: 'api',
      path: '/buckets/{bucket}/files/{path*}',
      action: 'file.read',
      tag: 'Contents',
      summary: 'What GET would say in its headers',
      query: contentsQuery,
      headers: CONDITIONS,
      success: { statuses: { 200: 'It is there', 304: 'Not changed' }, answer: 'contents' },
      problems: ['bucket_not_found', 'file_not_found', 'version_not_found', 'precondition_failed'],
    },
    handle: (request, reply, { bucket = '', path = '' }) => sendHead(heading, request, reply, { bucket, path }),
  }
}

/** What GET would say in its headers, without the contents being looked at. */
export async function sendHead(
  heading: Heading,
  { raw }: FastifyRequest,
  reply: FastifyReply,
  { bucket, path }: { bucket: string; path: string },
): Promise<void> {
  const file = await find(heading, bucket, path, versionAsked(raw))
  const selection = select(raw, file)
  reply
    .hijack()
    .raw.writeHead(selection.status, headersOf(file, selection, heading.clock.now()))
    .end()
}

/** The current version is known by name alone; an older one by what it holds. */
async function find(
  { names, downloads }: Heading,
  bucket: string,
  path: string,
  version: Id | undefined,
): Promise<Representation> {
  if (version !== undefined) return representationOf(await downloads.open({ bucket, path, version }))
  const { versionId, size, sha256, contentType, modifiedAt } = await names.byPath(bucket, path)
  return { path, version: versionId, size, sha256, contentType, modifiedAtMs: Date.parse(modifiedAt) }
}
