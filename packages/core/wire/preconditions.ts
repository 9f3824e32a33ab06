import type { Id } from './ids.ts'

/** ETags are version ids; `*` is any version that is there. */
export interface Preconditions {
  readonly ifMatch?: readonly (Id | '*')[]
  readonly ifNoneMatch?: readonly (Id | '*')[]
}

/** Whether a list of tags names the version that is there; undefined where none is. */
export function names(tags: readonly (Id | '*')[], version: Id | undefined): boolean {
  return version !== undefined && tags.some((tag) => tag === '*' || tag === version)
}
