import { z } from 'zod'
import { strategies } from '../strategy.ts'
import { pageOf, pageQuery } from './page.ts'
import {
  DELIMITER_LENGTH_MAX,
  idSchema,
  nameText,
  PREFIX_LENGTH_MAX,
  SEARCH_LENGTH_MAX,
  sha256Schema,
  TAG_KEY_LENGTH_MAX,
  TAG_VALUE_LENGTH_MAX,
  timeSchema,
} from './text.ts'

const bucketName = z.string().max(64)
/** The floor's rules say the rest: bytes, not letters, count there. */
const pathText = nameText(PREFIX_LENGTH_MAX)

/** A file that is there, in its current version. */
const fileSchema = z
  .object({
    fileId: idSchema,
    versionId: idSchema,
    bucket: z.string(),
    path: z.string(),
    size: z.int(),
    sha256: sha256Schema,
    contentType: z.string().nullable(),
    modifiedAt: timeSchema,
  })
  .meta({ id: 'File' })

export const fileDetailSchema = fileSchema
  .extend({ tags: z.record(z.string(), z.string()), deleted: z.boolean() })
  .meta({ id: 'FileDetail' })

/** The answer to a change of a file's contents. */
export const fileAnswerSchema = fileSchema
  .extend({ strategy: z.enum(strategies).nullable(), createdAt: timeSchema })
  .meta({ id: 'FileAnswer' })

export const deletionSchema = z
  .object({ fileId: idSchema, versionId: idSchema.describe('The deletion marker') })
  .meta({ id: 'Deletion' })

/** Everything that goes on beyond a delimiter, as one item. */
const commonPrefixSchema = z.object({ bucket: z.string(), prefix: z.string() }).meta({ id: 'CommonPrefix' })

export const filePageSchema = pageOf(z.union([fileSchema, commonPrefixSchema]))

/** The part of a list's query that does not say which bucket. */
export const fileListQuery = z.strictObject({
  prefix: pathText.optional().describe('Paths that begin with this'),
  delimiter: nameText(DELIMITER_LENGTH_MAX).optional().describe('What goes on beyond it is one item'),
  q: nameText(SEARCH_LENGTH_MAX).optional().describe('Part of the path, in whatever case'),
  tag: nameText(TAG_KEY_LENGTH_MAX + 1 + TAG_VALUE_LENGTH_MAX)
    .regex(/^[^=]+=/, 'a tag is key=value')
    .optional()
    .describe('`key=value`'),
  ...pageQuery,
})

/** A file that was deleted, as it last was. */
export const deletedFilePageSchema = pageOf(
  fileSchema
    .extend({
      versionId: idSchema.describe('The last version with contents: what a restore takes'),
      deletedAt: timeSchema,
    })
    .meta({ id: 'DeletedFile' }),
)

export const bucketFileListQuery = fileListQuery.extend({
  bucket: bucketName.optional().describe('`default` where it is left out'),
})

export const deletedFileListQuery = bucketFileListQuery.pick({ bucket: true, prefix: true, limit: true, cursor: true })

export const contentsQuery = z.strictObject({
  version: idSchema.optional().describe('An older version; the current one where it is left out'),
})

/** Renames or moves a file inside its bucket, and says all the tags that it has from then on. */
export const fileChangeSchema = z
  .strictObject({
    path: pathText.optional(),
    overwrite: z.boolean().optional(),
    tags: z.record(nameText(TAG_KEY_LENGTH_MAX), nameText(TAG_VALUE_LENGTH_MAX)).optional(),
  })
  .refine((change) => change.path !== undefined || change.tags !== undefined, 'a change names a path or tags')
  .refine((change) => change.overwrite === undefined || change.path !== undefined, 'overwrite goes with a path')
  .meta({ id: 'FileChange' })

export const folderMoveSchema = z
  .strictObject({ bucket: bucketName, from: pathText.min(1), to: pathText })
  .refine(
    ({ from, to }) => from.endsWith('/') && (to === '' || to.endsWith('/')),
    'folders end with /; only `to` may be empty',
  )
  .meta({ id: 'FolderMove' })

export const folderMovedSchema = z.object({ moved: z.int() }).meta({ id: 'FolderMoved' })
