/** What a client's request is made of, whatever it asks for. */
import { type ErrorCode, HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import type { Gateway } from '@holdfast/server/gateway.ts'
import type { Contents } from './contents.ts'
import { type BucketModel, type PathModel, type State, stateSeen } from './model.ts'
import type { SeededRandom } from './seeded-random.ts'
import { demand, told, Violation } from './violation.ts'

export interface Context {
  readonly gateway: Gateway
  readonly random: SeededRandom
  readonly contents: Contents
  readonly buckets: readonly BucketModel[]
  /** Waits in the life of this gateway: what waits when it crashes waits for ever. */
  readonly sleep: (delayMs: number) => Promise<void>
  readonly requester: { readonly principal: string; readonly requestId: string }
}

/** A request that changes something, and how to find out whether it did where no answer came. */
export interface Change {
  readonly what: string
  /** Nobody else changes these until the outcome is known. */
  readonly paths: readonly PathModel[]
  /** Answers in a word. */
  run(context: Context): Promise<string>
  /** What has become of it. False where that cannot be known yet. */
  lookUp(context: Context): Promise<boolean>
}

/** A client that goes away in the middle of its request. */
export class ClientGone extends Error {}

/** With these a gateway says that it cannot now; nothing was changed. */
const UNAVAILABLE: readonly ErrorCode[] = [
  'catalog_unavailable',
  'file_unavailable',
  'overloaded',
  'quorum_lost',
  'session_ended',
]

/** The code of a refusal that is one of those a client must live with, or of those that it expected. */
export function refusalOf(error: unknown, what: string, ...expected: readonly ErrorCode[]): string {
  if (error instanceof ClientGone) return 'client gone'
  if (error instanceof HoldfastError && hasCode(error, ...UNAVAILABLE, ...expected)) return error.code
  throw new Violation(`${what} was answered ${told(error)}`, { cause: error })
}

export type Seen = { readonly fileId: SeenId; readonly versionId: SeenId; readonly sha256: string } | 'absent'
type SeenId = Awaited<ReturnType<Gateway['names']['byPath']>>['fileId']

/** What the gateway says that a path holds. */
export async function seenAt(context: Context, { bucket, path }: PathModel): Promise<Seen> {
  try {
    return await context.gateway.names.byPath(bucket.name, path)
  } catch (error) {
    if (hasCode(error, 'file_not_found')) return 'absent'
    throw error
  }
}

/** Takes what was seen for what is, which must be one of the candidates. */
export async function settle(context: Context, path: PathModel): Promise<State> {
  const seen = await seenAt(context, path)
  const state = stateSeen(path.candidates, seen)
  demand(state !== undefined, `${path.name} holds one of what it may hold, and not ${JSON.stringify(seen)}`)
  if (state !== 'absent' && seen !== 'absent') path.bucket.learn(path, state, seen)
  path.set([state])
  return state
}
