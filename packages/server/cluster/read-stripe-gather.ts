/**
 * Gathers as many shards of a stripe as are needed, or the one that is enough by itself. They are asked for in order, as few at a
 * time as may do: where one fails or its node is silent, further ones are asked in its place. One that is silent may still
 * answer, and whatever is complete first ends it.
 *
 *     shard 0, enough by itself   ├──────────── silent ┬─────────────────── …
 *     shard 1                                          ├─── ✓
 *     shard 2                                          ├─ ✗ ┐
 *     shard 3                                          ├────┼─ ✓
 *     shard 4                                               ├──── ✓ three are enough
 */
import type { ShardRow } from '../catalog/rows.ts'
import type { Shard } from '../compute/compute.ts'
import type { Clock, Timer } from '../seams/clock.ts'

/** Where nobody else is left to be asked, those that are silent are waited for so long, counted from the first silence. */
export const GIVE_UP_AFTER_MS = 5000
const NOT_WANTED = new Error('what was wanted has come another way')

export interface Wanted {
  /** In the order in which they are asked. */
  readonly shards: readonly ShardRow[]
  /** So many of different indexes, */
  readonly needed: number
  /** or the one of this index. */
  readonly enough?: number
}

/** Answers undefined where the shard cannot be had. `onSilence` may be called more than once; an abort says that nobody waits. */
export type Ask = (shard: ShardRow, onSilence: () => void, signal: AbortSignal) => Promise<Uint8Array | undefined>

/** What is wanted, or less where no more can be had. */
export function gather(clock: Clock, { shards, needed, enough = -1 }: Wanted, ask: Ask): Promise<Shard[]> {
  const { promise, resolve } = Promise.withResolvers<Shard[]>()
  const done = new AbortController()
  const left = [...shards]
  const present = new Map<number, Shard>()
  const open = new Set<ShardRow>()
  /** Of those that are open, the ones that are not silent. */
  const hopeful = new Set<ShardRow>()
  let giveUp: Timer | undefined
  let isLate = false

  const end = (): void => {
    giveUp?.cancel()
    resolve([...present.values()])
    if (open.size > 0) done.abort(NOT_WANTED)
  }
  const start = (shard: ShardRow): void => {
    open.add(shard)
    hopeful.add(shard)
    const onSilence = (): void => {
      if (!hopeful.delete(shard)) return
      giveUp ??= clock.after(GIVE_UP_AFTER_MS, () => {
        isLate = true
        look()
      })
      look()
    }
    const settle = (bytes: Uint8Array | undefined): void => {
      open.delete(shard)
      hopeful.delete(shard)
      if (bytes !== undefined) present.set(shard.index, { index: shard.index, bytes })
      look()
    }
    ask(shard, onSilence, done.signal).then(settle, () => settle(undefined))
  }
  const mayDo = (): boolean =>
    present.size + hopeful.size >= needed || [...hopeful].some(({ index }) => index === enough)
  const look = (): void => {
    if (done.signal.aborted) return
    while (!present.has(enough) && !mayDo()) {
      const next = left.shift()
      if (next === undefined) break
      start(next)
    }
    if (present.has(enough) || present.size >= needed || open.size === 0) end()
    else if (isLate && hopeful.size === 0) end()
  }
  look()
  return promise
}
