import type { Random } from '../../../seams/random.ts'

/** Ids of requests: a beginning that no other start shares, and a number. */
export function requestIds(random: Random): () => string {
  const start = Buffer.from(random.bytes(6)).toString('hex')
  let count = 0
  return () => `${start}-${(++count).toString(36)}`
}
