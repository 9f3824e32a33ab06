import { z } from 'zod'
import { pageOf, pageQuery } from './page.ts'
import { idSchema, sha256Schema, timeSchema } from './text.ts'

/** One of the immutable states that a file had. */
const versionSchema = z
  .object({
    versionId: idSchema,
    kind: z.enum(['content', 'deleted']),
    size: z.int(),
    sha256: sha256Schema.nullable(),
    contentType: z.string().nullable(),
    strategy: z.string().nullable(),
    modifiedAt: timeSchema,
    createdAt: timeSchema,
    current: z.boolean(),
  })
  .meta({ id: 'Version' })

export const versionPageSchema = pageOf(versionSchema)
export const historyQuery = z.strictObject(pageQuery)

export const restoreSchema = z.strictObject({ versionId: idSchema }).meta({ id: 'Restore' })
