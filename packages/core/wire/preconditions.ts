import type { Id } from './ids.ts'

/** ETags are version ids; `*` is any version that is there. */
export interface Preconditions {
  readonly ifMatch?: readonly (Id | '*')[]
  readonly ifNoneMatch?: readonly (Id | '*')[]
}
