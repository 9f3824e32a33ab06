import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { type Id, isId } from '@holdfast/core/wire/ids.ts'

/** What is no id names no file. @throws file_not_found */
export function fileIdIn(text: string): Id {
  if (!isId(text)) throw new HoldfastError('file_not_found', 'the id of a file is 32 hex digits in lower case')
  return text
}
