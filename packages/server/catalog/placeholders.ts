/**
 * `?` stands for an argument, and for nothing else: a transaction's SQL has no literals that hold one. PostgreSQL wants
 * them numbered.
 */
export function countPlaceholders(sql: string): number {
  let count = 0
  for (let at = sql.indexOf('?'); at !== -1; at = sql.indexOf('?', at + 1)) count++
  return count
}

export function numberPlaceholders(sql: string): string {
  let count = 0
  return sql.replaceAll('?', () => `$${++count}`)
}
