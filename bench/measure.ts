/**
 * Every figure is the median of some runs, and stands beside a *bound*: what the machine could do at best, measured in the same
 * runs. The two take turns, and who begins alternates, so that a disk or a neighbour that changes its pace meets both.
 */

export interface Measured {
  readonly figures: readonly number[]
  readonly bounds: readonly number[]
}

export async function interleaved(
  runs: number,
  figure: (run: number) => Promise<number>,
  bound: (run: number) => Promise<number>,
): Promise<Measured> {
  const figures: number[] = []
  const bounds: number[] = []
  for (let run = 0; run < runs; run++) {
    if (run % 2 === 1) bounds.push(await bound(run))
    figures.push(await figure(run))
    if (run % 2 === 0) bounds.push(await bound(run))
  }
  return { figures, bounds }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
