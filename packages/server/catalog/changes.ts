/** The outbox: one row per change, written in its transaction and numbered later, so that no two changes wait for each other. */
import type { EventType } from '@holdfast/core/wire/events.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import { bytesOf } from './cells.ts'
import type { Change } from './rows.ts'
import { query, type Steps } from './transaction.ts'

export interface Happening {
  readonly type: EventType
  readonly bucket: Id
  readonly subject: Id
  readonly data: Readonly<Record<string, unknown>>
}

export function* recordChange(change: Change, { type, bucket, subject, data }: Happening): Steps<void> {
  yield* query(
    `INSERT INTO outbox (change_id, at, type, actor, request_id, bucket_id, subject, data)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    bytesOf(change.changeId),
    change.atMs,
    type,
    change.actor,
    change.requestId,
    bytesOf(bucket),
    bytesOf(subject),
    JSON.stringify(data),
  )
}
