/**
 * How a file travels. *Direct*: in one go, visible or not at all. *Chunked*: through a pipeline of stripes that are committed as
 * they become durable. *Streaming*: the same for media, in chunks of one size and as they are, for players jump by ranges. The first that
 * says something decides: the request, the bucket's rules in their order, the type, the size.
 */
import type { Policy, StrategyRule } from '@holdfast/core/wire/policy.ts'
import type { Strategy } from '@holdfast/core/wire/strategy.ts'

/** Shorter media are read whole anyway. */
const STREAMING_FROM_BYTES = 1024 * 1024
/** SVG is text: it is worth compressing, and nobody jumps in it. */
const MEDIA = /^(video|audio|image)\/(?!svg)/

export interface Travelling {
  readonly path: string
  /** Sniffed: what a client says of itself does not decide how its file is stored. */
  readonly type: string | undefined
  /** Undefined where the client did not say; such a body counts as a long one. */
  readonly size: number | undefined
  readonly override: Strategy | undefined
}

export function chooseStrategy({ strategy: { rules, chunkedFromBytes } }: Policy, file: Travelling): Strategy {
  if (file.override !== undefined) return file.override
  const rule = rules.find((each) => applies(each, file))
  if (rule !== undefined) return rule.use
  const size = file.size ?? Number.POSITIVE_INFINITY
  if (file.type !== undefined && MEDIA.test(file.type) && size >= STREAMING_FROM_BYTES) return 'streaming'
  return size >= chunkedFromBytes ? 'chunked' : 'direct'
}

/** A rule with a prefix and a type wants both. */
function applies({ prefix, type }: StrategyRule, file: Travelling): boolean {
  if (prefix !== undefined && !file.path.startsWith(prefix)) return false
  if (type === undefined) return true
  return type.endsWith('/*') ? (file.type?.startsWith(type.slice(0, -1)) ?? false) : file.type === type
}
