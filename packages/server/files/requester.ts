import type { IdMaker } from '@holdfast/core/wire/ids.ts'
import type { Change } from '../catalog/rows.ts'
import type { Clock } from '../seams/clock.ts'

/** Who asks for something, and in which request. */
export interface Requester {
  /** `admin` until there are accounts. */
  readonly principal: string
  readonly requestId: string
}

/** What a change is recorded under. */
export function changeBy(requester: Requester, clock: Clock, ids: IdMaker): Change {
  return { changeId: ids.next(), atMs: clock.now(), actor: requester.principal, requestId: requester.requestId }
}
