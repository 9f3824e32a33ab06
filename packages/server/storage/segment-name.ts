/** The names of segment files: their number in 16 hex digits, so that names sort as numbers do. */

export const SEGMENTS_DIRECTORY = 'segments'
const NAME = /^[0-9a-f]{16}\.seg$/

export function segmentPath(segment: number): string {
  return `${SEGMENTS_DIRECTORY}/${segment.toString(16).padStart(16, '0')}.seg`
}

/** The number that a file name says; undefined for names that are not a segment's. */
export function segmentOf(name: string): number | undefined {
  if (!NAME.test(name)) return undefined
  const segment = Number.parseInt(name.slice(0, 16), 16)
  return Number.isSafeInteger(segment) && segment > 0 ? segment : undefined
}
