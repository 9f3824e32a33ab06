import type { Id } from '@holdfast/core/wire/ids.ts'
import { storePage } from '../references.ts'
import { requireAlive } from '../sessions.ts'
import type { Transaction } from '../transaction.ts'

export interface CommitPageArgs {
  readonly session: Id
  readonly bucket: Id
  readonly page: Id
  readonly entries: Uint8Array
}

/**
 * Stores a page while its upload goes on, so that the version commit of a huge file has only pages to count. Until then its session
 * keeps it: no version refers to it yet.
 * @throws session_ended, conflict (a chunk is not stored any more)
 */
export const commitPage: Transaction<CommitPageArgs, void> = {
  name: 'commitPage',
  *run({ session, bucket, page, entries }) {
    yield* requireAlive(session)
    yield* storePage(bucket, page, entries)
  },
}
