/** What the load generator can be told to do, and what it answers. Both travel between processes. */

export interface Target {
  readonly port: number
  /** Whole lines, each with its end. */
  readonly headers: string
}

/** Requests of one small size, as many at once as there are connections, until the time is over or all were sent. */
export interface ManyJob extends Target {
  readonly kind: 'many'
  readonly method: 'PUT' | 'GET'
  /** The path of request i is this and i, or with `among` this and a number below it at random. */
  readonly path: string
  readonly among?: number
  /** Or one of these, in turn. */
  readonly paths?: readonly string[]
  readonly connections: number
  readonly seconds?: number
  readonly requests?: number
  /** Of a PUT. */
  readonly bodyBytes: number
  /** The first bytes of each body are this and i. */
  readonly seed: number
}

/** One large PUT of the file `seed`, streamed from memory. */
export interface PutJob extends Target {
  readonly kind: 'put'
  readonly path: string
  readonly bytes: number
  readonly seed: number
}

/** One large GET. */
export interface GetJob extends Target {
  readonly kind: 'get'
  readonly path: string
  readonly bytes: number
  /** Compare every byte with the file `seed`: for a run that is not measured. */
  readonly compareWith?: number
}

/** Readers that take a little at a time for a while, and then go away. `requests` of the answer counts those that got anything. */
export interface SlowReadJob extends Target {
  readonly kind: 'slow-read'
  readonly path: string
  readonly readers: number
  readonly bytesPerSecond: number
  readonly seconds: number
}

export type Job = ManyJob | PutJob | GetJob | SlowReadJob

export interface Done {
  readonly seconds: number
  readonly requests: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export function percentile(sorted: ArrayLike<number>, part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
