/**
 * How a bucket is kept. What a caller may leave out has a default; some defaults follow the number of nodes and the shape,
 * so that a policy is *asked for* in part and *kept* whole.
 */
import { z } from 'zod'
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN } from './chunk-limits.ts'
import { HoldfastError } from './errors.ts'
import { strategies } from './strategy.ts'

const MiB = 1024 * 1024

const redundancySchema = z.strictObject({
  data: z.int().min(1).max(16),
  parity: z.int().min(0).max(4),
  /** Durable shards before a write is acknowledged: from data + 1 (or data, without parity) to all. */
  writeQuorum: z.int().min(1).max(20).optional(),
})

const chunkingSchema = z.strictObject({
  minBytes: z.int().min(CHUNK_BYTES_MIN).max(CHUNK_BYTES_MAX),
  averageBytes: z.int().min(CHUNK_BYTES_MIN).max(CHUNK_BYTES_MAX),
  maxBytes: z.int().min(CHUNK_BYTES_MIN).max(CHUNK_BYTES_MAX),
})

const strategyRuleSchema = z
  .strictObject({
    /** Paths that begin with this. */
    prefix: z.string().max(1024).optional(),
    /** A sniffed type, or its first part with `/*`. */
    type: z
      .string()
      .max(128)
      .regex(/^[a-z]+\/(\*|[a-z0-9.+-]+)$/)
      .optional(),
    use: z.enum(strategies),
  })
  .refine((rule) => rule.prefix !== undefined || rule.type !== undefined, 'a rule names a prefix or a type')

export const policyRequestSchema = z.strictObject({
  redundancy: redundancySchema.optional(),
  chunking: chunkingSchema.optional(),
  compression: z.enum(['auto', 'off']).optional(),
  strategy: z
    .strictObject({
      /** Smaller files travel directly. */
      chunkedFromBytes: z
        .int()
        .min(MiB)
        .max(1024 * MiB)
        .optional(),
      rules: z.array(strategyRuleSchema).max(50).optional(),
    })
    .optional(),
  /** Versions kept of each file, the current one among them. */
  versionsKept: z.int().min(1).max(10_000).optional(),
})

export type PolicyRequest = z.infer<typeof policyRequestSchema>
export type StrategyRule = z.infer<typeof strategyRuleSchema>

export interface Policy {
  readonly redundancy: { readonly data: number; readonly parity: number; readonly writeQuorum: number }
  readonly chunking: { readonly minBytes: number; readonly averageBytes: number; readonly maxBytes: number }
  readonly compression: 'auto' | 'off'
  readonly strategy: { readonly chunkedFromBytes: number; readonly rules: readonly StrategyRule[] }
  readonly versionsKept: number
}

const CHUNKED_FROM_BYTES_DEFAULT = 50 * 1000 * 1000
const VERSIONS_KEPT_DEFAULT = 100

/** The whole policy that a request means. `byDefault` is the shape that the number of nodes suggests. */
export function completePolicy(asked: PolicyRequest, byDefault: { dataShards: number; parityShards: number }): Policy {
  const data = asked.redundancy?.data ?? byDefault.dataShards
  const parity = asked.redundancy?.parity ?? byDefault.parityShards
  const total = data + parity
  const lowest = Math.min(total, data + 1)
  const writeQuorum = asked.redundancy?.writeQuorum ?? lowest
  if (writeQuorum < lowest || writeQuorum > total) {
    throw invalid(`writeQuorum is ${writeQuorum}; for ${data} + ${parity} it is from ${lowest} to ${total}`)
  }
  const chunkLimit = Math.min(CHUNK_BYTES_MAX, data * MiB)
  const chunking = asked.chunking ?? {
    minBytes: Math.min(256 * 1024, chunkLimit / 8),
    averageBytes: Math.min(MiB, chunkLimit / 2),
    maxBytes: chunkLimit,
  }
  if (!(chunking.minBytes <= chunking.averageBytes && chunking.averageBytes <= chunking.maxBytes)) {
    throw invalid('chunking needs minBytes ≤ averageBytes ≤ maxBytes')
  }
  if ((chunking.averageBytes & (chunking.averageBytes - 1)) !== 0)
    throw invalid('chunking.averageBytes is a power of two')
  if (chunking.maxBytes > chunkLimit)
    throw invalid(`chunking.maxBytes is at most ${chunkLimit} with ${data} data shards`)
  return {
    redundancy: { data, parity, writeQuorum },
    chunking,
    compression: asked.compression ?? 'auto',
    strategy: {
      chunkedFromBytes: asked.strategy?.chunkedFromBytes ?? CHUNKED_FROM_BYTES_DEFAULT,
      rules: asked.strategy?.rules ?? [],
    },
    versionsKept: asked.versionsKept ?? VERSIONS_KEPT_DEFAULT,
  }
}

function invalid(message: string): HoldfastError {
  return new HoldfastError('bad_request', message)
}
