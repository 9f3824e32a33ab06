/** Lists of files and of versions against the model: what is there is listed, and what was deleted is not. */
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { ListItem } from '@holdfast/server/files/names.ts'
import type { BucketModel, FileModel } from './model.ts'
import type { Context } from './request.ts'
import { demand } from './violation.ts'

export async function listBucket(context: Context, bucket: BucketModel): Promise<string> {
  const before = new Map(bucket.paths.filter(({ isBusy }) => !isBusy).map((path) => [path, path.epoch]))
  const listed = new Map<string, Id>()
  const limit = context.random.whole(2, 20)
  let cursor: string | null = null
  do {
    const page: { items: ListItem[]; nextCursor: string | null } = await context.gateway.names.list({
      bucket: bucket.name,
      limit,
      ...(cursor !== null && { cursor }),
    })
    for (const item of page.items) if ('path' in item) listed.set(item.path, item.versionId)
    cursor = page.nextCursor
  } while (cursor !== null)
  // Of what changed meanwhile a list may tell either.
  for (const [path, epoch] of before) {
    if (path.isBusy || path.epoch !== epoch) continue
    const state = path.only
    const expected = state === 'absent' ? undefined : state.id
    const found = listed.get(path.path)
    demand(found === expected, `${path.name} is listed as ${expected}, and not as ${found}`)
  }
  const known = new Set(bucket.paths.map(({ path }) => path))
  for (const path of listed.keys()) demand(known.has(path), `${bucket.name} lists no ${path}, which nobody put`)
  return 'ok'
}

/** Every version that is listed is known, and every known one is listed as long as the policy keeps it. */
export async function listHistory(context: Context, file: FileModel): Promise<string> {
  const { bucket } = file
  const known = new Map(file.versions)
  const listed = new Map<Id, string | null>()
  let cursor: string | null = null
  do {
    const page = await context.gateway.names.history(file.id, { limit: 10, ...(cursor !== null && { cursor }) })
    for (const { kind, versionId, sha256 } of page.items) if (kind === 'content') listed.set(versionId, sha256)
    cursor = page.nextCursor
  } while (cursor !== null)
  for (const [version, sha256] of listed) {
    const content = file.versions.get(version)
    if (content !== undefined) demand(content.sha256 === sha256, `version ${version} is listed as it was put`)
    else if (!file.path.isBusy) {
      demand(sha256 !== null && bucket.maybe.has(sha256), `the history of ${file.id} shows no version that nobody put`)
    }
  }
  const oldest = [...listed.keys()].sort().at(0)
  for (const version of known.keys()) {
    const mayBeGone = file.path.isBusy || (oldest !== undefined && version < oldest && file.mayLack(version))
    demand(listed.has(version) || mayBeGone, `version ${version} of ${file.path.name} is kept`)
  }
  return 'ok'
}
