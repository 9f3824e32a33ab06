/** What is said of a path at which no file is: one that was deleted can come back, and one that ends with a slash was meant otherwise. */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { listDeleted } from '../catalog/transactions/list-deleted.ts'

export async function missingFile(
  catalog: Catalog,
  bucket: { readonly id: Id; readonly name: string },
  path: string,
): Promise<HoldfastError> {
  const sentence = `there is no file ${path} in bucket ${bucket.name}`
  const { items } = await catalog.read(listDeleted, { bucket: bucket.id, prefix: path, limit: 1 })
  const [deleted] = items
  if (deleted?.path === path) {
    return new HoldfastError(
      'file_not_found',
      `${sentence} any more: it was deleted, and can be restored by its fileId ${deleted.file}`,
      { details: { fileId: deleted.file } },
    )
  }
  if (!path.endsWith('/')) return new HoldfastError('file_not_found', sentence)
  return new HoldfastError('file_not_found', `${sentence}: what lies in a folder is listed by its prefix`)
}
