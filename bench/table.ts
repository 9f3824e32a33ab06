/** The lines as text and as JSON. */
import { median } from './measure.ts'
import type { Line } from './row.ts'

export interface NamedLine extends Line {
  readonly row: string
}

const DIGITS = 3
const HEAD = ['row', 'what', 'figure', 'bound', 'ratio', 'at least', 'aim', '']

export function ratioOf({ figures, bounds }: Line): number {
  return median(figures) / median(bounds)
}

/** Undefined for what is not judged. */
export function isReached(line: Line): boolean | undefined {
  if (line.demand === undefined) return undefined
  const { of, better, limit } = line.demand
  const value = of === 'ratio' ? ratioOf(line) : median(line.figures)
  return better === 'more' ? value >= limit : value <= limit
}

/** One line in words, for when its row is done. */
export function sentence(line: NamedLine): string {
  const [row, what, figure, bound, ratio, limit, aim, verdict] = cells(line)
  const demand = line.demand === undefined ? '' : `; at least ${limit}, aim ${aim}: ${verdict}`
  const beside = line.bounds.length === 0 ? '' : ` beside ${bound} of ${line.bound}, ratio ${ratio}`
  return `${row}, ${what}: ${figure}${beside}${demand}${line.note === undefined ? '' : ` (${line.note})`}`
}

export function table(lines: readonly NamedLine[]): string {
  const rows = [HEAD, ...lines.map(cells)]
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const text = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const [head, ...body] = text
  return [head, widths.map((width) => '-'.repeat(width)).join('  '), ...body].join('\n')
}

export function json(lines: readonly NamedLine[], facts: Readonly<Record<string, unknown>>): string {
  const judged = lines.map((line) => ({
    ...line,
    median: median(line.figures),
    ...(line.bounds.length > 0 ? { boundMedian: median(line.bounds), ratio: ratioOf(line) } : {}),
    reached: isReached(line) ?? null,
  }))
  return `${JSON.stringify({ ...facts, lines: judged }, null, 2)}\n`
}

function cells(line: NamedLine): string[] {
  const { row, what, unit, figures, bounds, demand } = line
  const unitOf = demand?.of === 'figure' ? ` ${unit}` : ''
  const sign = demand?.better === 'less' ? '≤ ' : ''
  const reached = isReached(line)
  return [
    row,
    what,
    `${short(median(figures))} ${unit}`,
    bounds.length === 0 ? '' : `${short(median(bounds))} ${unit}`,
    bounds.length === 0 ? '' : short(ratioOf(line)),
    demand === undefined ? '' : `${sign}${demand.limit}${unitOf}`,
    demand === undefined ? '' : `${sign}${demand.aim}${unitOf}`,
    reached === undefined ? '' : reached ? 'reached' : 'not reached',
  ]
}

function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(DIGITS)))
}
