/** A row of the table: a program that measures one thing and answers with one or more lines. */
import type { Load } from './load/load.ts'

/** How a line is judged: by its ratio to the bound, or by the figure itself. */
export interface Demand {
  readonly of: 'ratio' | 'figure'
  /** `more` is better, or `less`. */
  readonly better: 'more' | 'less'
  readonly limit: number
  readonly aim: number
}

export interface Line {
  readonly what: string
  readonly unit: string
  /** Medians are shown, the single runs go to the JSON. */
  readonly figures: readonly number[]
  /** None where nothing bounds it but the demand. */
  readonly bounds: readonly number[]
  /** What the bound is. */
  readonly bound: string
  /** None for what is told and not judged. */
  readonly demand?: Demand
  readonly note?: string
}

export interface Context {
  /** Empty, of this row alone, removed after it. */
  readonly directory: string
  /** Shared by the rows and, unless the run is a quick one, by later runs. */
  readonly shared: string
  /** Small sizes, for trying out: the figures mean nothing. */
  readonly isQuick: boolean
  readonly runs: number
  readonly load: Load
  /** Says on stderr what is going on. */
  readonly say: (what: string) => void
}

export interface Row {
  readonly name: string
  readonly measure: (context: Context) => Promise<Line[]>
}

export const KiB = 1024
export const MiB = 1024 * KiB
export const GiB = 1024 * MiB
