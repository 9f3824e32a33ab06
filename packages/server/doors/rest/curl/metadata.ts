import { fileDetailSchema } from '@holdfast/core/wire/rest/file.ts'
import { DEFAULT_BUCKET } from '../../../files/buckets.ts'
import type { NameFloor } from '../floor.ts'
import { type Endpoint, messageEndpoint } from '../http/endpoint.ts'

export function metadata({ names }: { names: Pick<NameFloor, 'byId' | 'byPath'> }): Endpoint {
  return messageEndpoint(
    {
      id: 'metadata',
      method: 'GET',
      place: 'root',
      path: '/metadata/{name*}',
      action: 'file.read',
      tag: 'By hand',
      summary: 'What is known of a file in the bucket default',
      success: { statuses: { 200: 'The file' }, answer: fileDetailSchema },
      problems: ['file_not_found'],
    },
    async ({ values }) => {
      const { fileId } = await names.byPath(DEFAULT_BUCKET, values.name)
      return { body: await names.byId(fileId) }
    },
  )
}
