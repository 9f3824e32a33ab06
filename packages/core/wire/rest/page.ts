/** Lists come in pages: `limit` items at most, and a cursor that leads to the next ones. */
import { z } from 'zod'
import { CURSOR_LENGTH_MAX, nameText } from './text.ts'

export const PAGE_ITEMS_MAX = 1000
const PAGE_ITEMS_DEFAULT = 100

/** The part of a query that every list has. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,9}$/, 'a limit is a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(PAGE_ITEMS_MAX))
    .default(PAGE_ITEMS_DEFAULT)
    .describe('Items in a page'),
  cursor: nameText(CURSOR_LENGTH_MAX).optional().describe('`nextCursor` of the page before'),
}

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() })
}
