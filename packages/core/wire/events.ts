/** The envelope of every event, and the closed union of its types. Names are added, never changed. */
import { z } from 'zod'

const eventTypes = [
  'alert.raised',
  'bucket.changed',
  'bucket.created',
  'bucket.deleted',
  'file.changed',
  'file.deleted',
  'file.moved',
  'file.restored',
  'job.progress',
  'node.state',
  'sync.completed',
] as const

export type EventType = (typeof eventTypes)[number]

export const eventSchema = z.object({
  /** The number that the leader gave; only grows. */
  id: z.string(),
  type: z.enum(eventTypes),
  at: z.iso.datetime(),
  /** Who did it: `admin`, an account's id, or the name of a background job. */
  actor: z.string(),
  /** What it happened to, as an id. */
  subject: z.string(),
  data: z.record(z.string(), z.unknown()),
})

export type Event = z.infer<typeof eventSchema>
