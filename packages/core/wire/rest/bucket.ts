import { z } from 'zod'
import type { Policy } from '../policy.ts'
import { strategies } from '../strategy.ts'
import { pageOf, pageQuery } from './page.ts'
import { idSchema, timeSchema } from './text.ts'

/** A policy as it is kept: whole. `policyRequestSchema` is what may be asked for. */
const policySchema = z
  .object({
    redundancy: z.object({ data: z.int(), parity: z.int(), writeQuorum: z.int() }),
    chunking: z.object({ minBytes: z.int(), averageBytes: z.int(), maxBytes: z.int() }),
    compression: z.enum(['auto', 'off']),
    strategy: z.object({
      chunkedFromBytes: z.int(),
      rules: z.array(
        z.object({
          prefix: z.string().optional(),
          type: z.string().optional(),
          use: z.enum(strategies),
        }),
      ),
    }),
    versionsKept: z.int(),
  })
  .meta({ id: 'Policy' }) satisfies z.ZodType<Policy>

export const bucketSchema = z
  .object({
    bucketId: idSchema,
    name: z.string(),
    kind: z.enum(['plain', 'sealed']),
    policy: policySchema,
    etag: z.string(),
    createdAt: timeSchema,
  })
  .meta({ id: 'Bucket' })

export const bucketPageSchema = pageOf(bucketSchema)
export const bucketListQuery = z.strictObject(pageQuery)

export const bucketDeleteQuery = z.strictObject({
  force: z.enum(['true', 'false']).optional().describe('Delete its files too'),
})
