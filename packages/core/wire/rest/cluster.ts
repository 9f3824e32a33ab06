/** States as words: of what is stored, the worst of its parts, *unknown* over *optimal*; of a node, where it is in its life. */
import { z } from 'zod'
import { idSchema } from './text.ts'

const storedStates = ['optimal', 'unknown', 'degraded', 'critical', 'lost', 'recovery'] as const
export type StoredState = (typeof storedStates)[number]

const nodeStates = ['joining', 'online', 'suspect', 'offline', 'failed', 'gone', 'draining', 'removed'] as const

export const nodeSchema = z
  .object({
    id: idSchema,
    number: z.int(),
    name: z.string(),
    zone: z.string(),
    region: z.string(),
    weight: z.number(),
    state: z.enum(nodeStates),
    writable: z.boolean(),
    capacityBytes: z.int(),
    freeBytes: z.int(),
    shardsDamaged: z.int().describe('That reads found damaged, since this process started'),
    shardsMissing: z.int().describe('That reads found missing, since this process started'),
    readErrors: z.int().describe('That the disk failed, since it was mounted'),
  })
  .meta({ id: 'Node' })

export const nodePageSchema = z.object({ items: z.array(nodeSchema), nextCursor: z.null() })

const health = {
  state: z.enum(storedStates),
  readable: z.boolean(),
  writable: z.boolean(),
}

/** What anybody may know. */
export const healthSchema = z
  .object({ ...health, nodes: z.array(z.object({ id: idSchema, state: z.enum(nodeStates) })) })
  .meta({ id: 'Health' })

const warningCodes = ['few_nodes', 'shared_device', 'rolled_back', 'read_errors'] as const

const warningSchema = z.object({ code: z.enum(warningCodes), message: z.string() }).meta({ id: 'Warning' })
export type Warning = z.output<typeof warningSchema>

export const clusterSchema = z
  .object({
    ...health,
    capacityBytes: z.int(),
    freeBytes: z.int(),
    nodes: z.array(nodeSchema),
    warnings: z.array(warningSchema).describe('What to act on although nothing fails'),
  })
  .meta({ id: 'Cluster' })

export const collectSchema = z
  .strictObject({ dryRun: z.boolean().optional().describe('Counts, and takes nothing away') })
  .meta({ id: 'Collect' })

/** What went needs no look-up any more; what lies on nodes that are away goes when they are back. */
export const collectedSchema = z
  .object({
    dryRun: z.boolean(),
    chunks: z.int(),
    pages: z.int(),
    stripes: z.int(),
    debris: z.int().nullable().describe('Shards of uploads that never ended; not counted in a dry run'),
  })
  .meta({ id: 'Collected' })

export const aliveSchema = z.object({ alive: z.literal(true) })
export const readySchema = z.object({ ready: z.literal(true) })
export const readyQuery = z.strictObject({
  maintenance: z.string().max(64).optional().describe('A node, by id or number: may it be stopped now?'),
})
