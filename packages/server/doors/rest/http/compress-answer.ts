/**
 * Messages on their way to a client that takes them compressed: a page of a thousand files becomes a tenth. Small ones are left as they
 * are, and so are those with an entity tag, which would have to be another one for other bytes. Contents of files do not come this way.
 */
import { gzip, zstdCompress } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { COMPRESSED_BYTES_MIN } from '../limits.ts'

type Coding = 'gzip' | 'zstd'

/** On other threads, so that nobody waits for a long list of somebody else. The first is taken where a client likes both as well. */
const COMPRESS: Readonly<Record<Coding, (bytes: Buffer, done: (error: Error | null, bytes: Buffer) => void) => void>> =
  {
    zstd: zstdCompress,
    gzip,
  }
const CODINGS: readonly Coding[] = ['zstd', 'gzip']
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\b/
/** A coding and how much it is liked: `gzip;q=0.5`. */
const WISH = /^\s*([\w*-]+)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?$/i

export function compressAnswers(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    if (!Buffer.isBuffer(payload) || payload.length < COMPRESSED_BYTES_MIN) return done(null, payload)
    if (!JSON_TYPE.test(String(reply.getHeader('content-type'))) || reply.hasHeader('etag')) return done(null, payload)
    reply.header('vary', 'accept-encoding')
    const coding = codingFor(request.raw.headers['accept-encoding'])
    if (coding === undefined) return done(null, payload)
    reply.header('content-encoding', coding)
    COMPRESS[coding](payload, done)
  })
}

/** What `Accept-Encoding` likes best of ours (RFC 9110, 12.5.3); undefined where the message goes as it is. */
function codingFor(accepted: string | undefined): Coding | undefined {
  if (accepted === undefined) return undefined
  const wishes = new Map<string, number>()
  for (const wish of accepted.split(',')) {
    const [, name, weight = '1'] = WISH.exec(wish) ?? []
    if (name !== undefined) wishes.set(name.toLowerCase(), Number(weight))
  }
  let best: Coding | undefined
  let bestWeight = 0
  for (const name of CODINGS) {
    const weight = wishes.get(name) ?? wishes.get('*') ?? 0
    if (weight <= bestWeight) continue
    best = name
    bestWeight = weight
  }
  return best
}
