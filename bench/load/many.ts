import { Connection } from './connection.ts'
import { fillPiece, PIECE_BYTES } from './content.ts'
import { type Done, type ManyJob, percentile } from './jobs.ts'

const BUFFER_BYTES = 64 * 1024
const HEAD_BYTES_MAX = 2048

export async function many(job: ManyJob): Promise<Done> {
  const { requests = Number.POSITIVE_INFINITY, seconds = Number.POSITIVE_INFINITY } = job
  const pool = Buffer.alloc(PIECE_BYTES)
  fillPiece(pool, job.seed, 0)
  const connections = await Promise.all(
    Array.from({ length: job.connections }, () => Connection.open(job.port, BUFFER_BYTES)),
  )
  const timesMs: number[] = []
  let next = 0
  const begun = performance.now()
  const endMs = begun + seconds * 1000
  await Promise.all(
    connections.map(async (connection) => {
      using open = connection
      const buffer = Buffer.alloc(HEAD_BYTES_MAX + job.bodyBytes)
      for (let sentMs = performance.now(); next < requests && sentMs < endMs; ) {
        open.send(requestOf(job, next++, pool, buffer))
        await open.answer()
        const nowMs = performance.now()
        timesMs.push(nowMs - sentMs)
        sentMs = nowMs
      }
    }),
  )
  const elapsed = (performance.now() - begun) / 1000
  const sorted = Float64Array.from(timesMs).sort()
  return { seconds: elapsed, requests: sorted.length, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) }
}

/** Each body is another slice of the pool, and begins with numbers that no other has. */
function requestOf(job: ManyJob, i: number, pool: Buffer, buffer: Buffer): Buffer {
  const { method, bodyBytes } = job
  const name = job.among === undefined ? i : Math.floor(Math.random() * job.among)
  const path = job.paths?.[i % job.paths.length] ?? `${job.path}${name}`
  const length = method === 'PUT' ? `content-length: ${bodyBytes}\r\n` : ''
  const head = `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${job.headers}${length}\r\n`
  const at = buffer.write(head, 'latin1')
  if (method === 'GET') return buffer.subarray(0, at)
  const from = (i * 61) % (PIECE_BYTES - bodyBytes)
  pool.copy(buffer, at, from, from + bodyBytes)
  buffer.writeDoubleBE(job.seed, at)
  buffer.writeDoubleBE(i, at + 8)
  return buffer.subarray(0, at + bodyBytes)
}
