/** What an Idempotency-Key belongs to: the method and the resource, under whichever address it was reached. */
export function idempotencyScope(method: string, bucket: string, path: string): string {
  return `${method} /buckets/${bucket}/files/${path}`
}
