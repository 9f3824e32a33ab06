/** Something was seen that must never be: the end of a run. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

export function demand(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new Violation(sentence)
}

/** An error and what caused it, in one line each. */
export function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? ` [${String(error.code)}]` : ''
  const cause = error.cause === undefined ? '' : ` <- ${told(error.cause)}`
  return `${error.name}${code}: ${error.message}${cause}`
}
