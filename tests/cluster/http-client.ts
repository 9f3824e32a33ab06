/** Requests to a server on this machine with its admin key, over connections that are kept. */
import assert from 'node:assert/strict'
import { Agent, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

export const BUCKET = 'default'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Problem {
  readonly status: number
  readonly code: string
}

export interface Asked {
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true })
  readonly #port: number
  readonly #key: string

  constructor(port: number, key: string) {
    this.#port = port
    this.#key = key
  }

  /** The whole answer. Rejects where there was none, or where its body was cut. */
  async ask(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    const answer = await this.open(method, path, asked)
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: await buffer(answer) }
  }

  /** The answer as soon as its headers are here. */
  async open(method: string, path: string, { body, headers = {}, signal }: Asked = {}): Promise<IncomingMessage> {
    const length = body instanceof Uint8Array ? { 'content-length': String(body.length) } : {}
    const sent = request({
      host: '127.0.0.1',
      port: this.#port,
      agent: this.#agent,
      method,
      path,
      headers: { authorization: `Bearer ${this.#key}`, ...length, ...headers },
      ...(signal !== undefined && { signal }),
    })
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      sent.once('response', resolve)
      sent.on('error', reject)
    })
    await send(sent, body).catch((error: unknown) => {
      // A server may refuse a body before it has read all of it; then its answer counts.
      answered.catch(() => undefined)
      if (sent.destroyed && sent.errored !== null) throw error
    })
    return await answered
  }

  async put(path: string, body: Uint8Array | AsyncIterable<Uint8Array>, asked: Asked = {}): Promise<Answer> {
    return await this.ask('PUT', filePath(path), { ...asked, body })
  }

  async get(path: string, asked: Asked = {}): Promise<Answer> {
    return await this.ask('GET', filePath(path), asked)
  }

  /** Every path in the bucket that begins with `prefix`. */
  async list(prefix = ''): Promise<string[]> {
    const paths: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query = new URLSearchParams({ bucket: BUCKET, prefix, limit: '1000', ...(cursor !== '' && { cursor }) })
      const { status, body } = await this.ask('GET', `/api/v1/files?${query}`)
      assert.equal(status, 200, body.toString())
      // What the server's own schema says of a page.
      const page = JSON.parse(body.toString()) as { items: { path: string }[]; nextCursor: string | null }
      paths.push(...page.items.map((item) => item.path))
      cursor = page.nextCursor
    }
    return paths
  }

  close(): void {
    this.#agent.destroy()
  }
}

export function filePath(path: string): string {
  return `/api/v1/buckets/${BUCKET}/files/${path.split('/').map(encodeURIComponent).join('/')}`
}

/** The problem that an answer carries; anything else is no clean refusal. */
export function problemIn({ status, headers, body }: Answer): Problem {
  assert.equal(
    headers['content-type']?.split(';')[0],
    'application/problem+json',
    `${status} ${body.toString('latin1', 0, 200)}`,
  )
  const problem = JSON.parse(body.toString()) as Problem
  assert.equal(problem.status, status)
  assert.equal(typeof problem.code, 'string')
  return problem
}

async function send(sent: ClientRequest, body: Uint8Array | AsyncIterable<Uint8Array> | undefined): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) sent.end(body)
  else await pipeline(Readable.from(body), sent)
}
