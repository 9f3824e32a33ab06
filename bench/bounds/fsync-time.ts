import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { median } from '../measure.ts'

const BYTES = 4096

/** The median time in milliseconds of appending 4 KiB to a file and `fsync`, one after the other. */
export function fsyncTimeMs(path: string, count: number): number {
  const file = openSync(path, 'a')
  const bytes = Buffer.alloc(BYTES, 'x')
  const timesMs: number[] = []
  for (let i = 0; i < count; i++) {
    const begun = performance.now()
    writeSync(file, bytes)
    fsyncSync(file)
    timesMs.push(performance.now() - begun)
  }
  closeSync(file)
  return median(timesMs)
}
