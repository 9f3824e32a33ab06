/** A form with files is answered file by file. */
import { z } from 'zod'
import { fileAnswerSchema } from './file.ts'
import { problemSchema } from './problem.ts'

const formItemSchema = z
  .object({
    /** 201 a new file, 200 a new version, else what the problem says. */
    status: z.int(),
    path: z.string().nullable(),
    file: fileAnswerSchema.optional(),
    problem: problemSchema.optional(),
  })
  .meta({ id: 'FormItem' })

export const formUploadSchema = z.object({ items: z.array(formItemSchema) }).meta({ id: 'FormUpload' })

export type FormItem = z.infer<typeof formItemSchema>
