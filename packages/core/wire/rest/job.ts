/** Long work: whoever asks for it hears at once where to look how it fares. */
import { z } from 'zod'
import { collectedSchema } from './cluster.ts'
import { problemSchema } from './problem.ts'
import { idSchema, timeSchema } from './text.ts'

const jobStates = ['queued', 'running', 'paused', 'done', 'failed', 'cancelled'] as const

export const jobSchema = z
  .object({
    id: idSchema,
    type: z.enum(['collect']),
    state: z.enum(jobStates),
    actor: z.string().describe('Who asked for it'),
    createdAt: timeSchema,
    endedAt: timeSchema.nullable(),
    result: collectedSchema.nullable().describe('Once it is done'),
    problem: problemSchema.pick({ code: true, detail: true }).nullable().describe('Why it failed'),
  })
  .meta({ id: 'Job' })

export type Job = z.infer<typeof jobSchema>
