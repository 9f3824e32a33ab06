/** Texts that name things. All of them are valid UTF-8 without NUL, as paths are; the lengths are in UTF-16 units of the message. */
import { z } from 'zod'

export const PREFIX_LENGTH_MAX = 1024
export const DELIMITER_LENGTH_MAX = 64
export const SEARCH_LENGTH_MAX = 256
export const TAG_KEY_LENGTH_MAX = 128
export const TAG_VALUE_LENGTH_MAX = 256
export const CURSOR_LENGTH_MAX = 4096

export function nameText(lengthMax: number): z.ZodString {
  return z
    .string()
    .max(lengthMax)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), 'text is valid UTF-8 without NUL')
}

export const idSchema = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'an id is 32 hexadecimal digits, in lower case')
  .meta({ id: 'Id', description: '16 bytes as lower-case hex' })

export const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ id: 'Sha256', description: 'SHA-256 as lower-case hex' })

export const timeSchema = z.iso.datetime().meta({ id: 'Time', description: 'RFC 3339, UTC, with milliseconds' })
