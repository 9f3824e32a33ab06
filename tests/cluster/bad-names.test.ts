/**
 * Names that are none, on every route of the real server: whatever stands in a path, a query or a body, the answer is a refusal from the
 * closed union of codes, and never a failure from below the door.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { statusOf } from '@holdfast/core/wire/errors.ts'
import { type Answer, problemIn } from './http-client.ts'
import { ServerProcess } from './server-process.ts'

const LONG = 'x'.repeat(1025)
/** Short in letters, long in bytes. */
const WIDE = 'é'.repeat(600)

/** As they stand in a URL: what is in it is no path, and no bucket's name, file's id or node either. */
const IN_PATHS: readonly string[] = [
  ...[
    '',
    '%00',
    'a%00b',
    '%ff',
    '%ed%a0%80',
    '%',
    '%2',
    '%zz',
    '%2e%2e',
    '..%2f..',
    'a%2f..%2fb',
    'a%5c..%5cb',
    '%2fa',
    'a%2f%2fb',
  ],
  ...['.', '..', '../..', 'a//b', 'a/./b', LONG, encodeURIComponent(WIDE), `a/${LONG}`, 'x'.repeat(10_000)],
]
/** As they stand in a message. */
const IN_TEXTS: readonly unknown[] = [
  ...[
    '',
    'a\0b',
    '\ud800',
    '..',
    'a/../b',
    '/a',
    '/',
    'a//b',
    LONG,
    WIDE,
    `${LONG}/`,
    `${WIDE}/`,
    '../',
    'a\0/',
    '\ud800/',
  ],
  ...[null, 7, {}],
]

interface Route {
  readonly method: string
  readonly path: string
}

let server: ServerProcess
before(async () => {
  server = await ServerProcess.start()
  assert.equal((await server.client.put('there', Buffer.from('x'))).status, 201)
})
after(async () => server[Symbol.asyncDispose]())

/** A refusal that a caller can read; where something else may be right, a success too. */
function assertRefused(answer: Answer, about: string): void {
  assert.ok(answer.status < 500, `${about}: ${answer.status} ${answer.body}`)
  if (answer.status < 400) return
  if (about.startsWith('HEAD')) return
  const { code } = problemIn(answer)
  const statuses = new Map<string, number>(Object.entries(statusOf))
  assert.ok(statuses.get(code) === answer.status || answer.status === 431, `${about}: ${answer.status} ${code}`)
}

async function routes(): Promise<Route[]> {
  const { body } = await server.client.ask('GET', '/api/v1/openapi.json')
  const document = JSON.parse(body.toString()) as { paths: Record<string, Record<string, unknown>> }
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  )
}

const message = (body: unknown) => ({
  body: Buffer.from(JSON.stringify(body)),
  headers: { 'content-type': 'application/json' },
})

describe('a name that is none', { timeout: 120_000 }, () => {
  it('is refused in the path of every route', async () => {
    const withNames = (await routes()).filter(({ path }) => path.includes('{'))
    assert.ok(withNames.length >= 15, `${withNames.length} routes`)
    for (const { method, path } of withNames) {
      const names = [...path.matchAll(/\{\w+\}/g)].map(([name]) => name)
      for (const bad of IN_PATHS) {
        for (const spoilt of names) {
          const at = names.reduce(
            (url, name) => url.replace(name, () => (name === spoilt ? bad : name === '{bucket}' ? 'default' : 'there')),
            path,
          )
          const body = method === 'GET' || method === 'HEAD' ? undefined : message({})
          assertRefused(await server.client.ask(method, at, body), `${method} ${at}`)
        }
      }
    }
  })

  it('is refused in queries and cursors', async () => {
    const cursors = ['\0', 'a\0b', LONG, '\ud800', '..'].map((text) => Buffer.from(text).toString('base64url'))
    for (const bad of [...IN_PATHS, ...cursors, 'AA', '_w', '=', '\u00e9']) {
      for (const name of ['prefix', 'cursor', 'delimiter', 'q', 'tag', 'bucket', 'limit']) {
        for (const list of ['/api/v1/files', '/files', '/api/v1/buckets']) {
          const at = `${list}?${name}=${encodeURI(decodeURI(encodeURI(bad)))}`
          assertRefused(await server.client.ask('GET', at), `GET ${at}`)
        }
      }
      const contents = `/api/v1/buckets/default/files/there?version=${encodeURI(bad)}`
      assertRefused(await server.client.ask('GET', contents), `GET ${contents}`)
    }
  })

  it('is refused in messages', async () => {
    const { body } = await server.client.ask('GET', '/metadata/there')
    const { fileId } = JSON.parse(body.toString()) as { fileId: string }
    for (const bad of IN_TEXTS) {
      const bodies: readonly (readonly [string, string, unknown])[] = [
        ['PATCH', `/api/v1/files/${fileId}`, { path: bad }],
        ['PATCH', `/api/v1/files/${fileId}`, { tags: { [String(bad)]: bad } }],
        ['POST', `/api/v1/files/${fileId}/restore`, { versionId: bad }],
        ['POST', '/api/v1/folders/move', { bucket: 'default', from: bad, to: 'b/' }],
        ['POST', '/api/v1/folders/move', { bucket: 'default', from: 'a/', to: bad }],
        ['POST', '/api/v1/folders/move', { bucket: bad, from: 'a/', to: 'b/' }],
        ['PUT', '/api/v1/buckets/other', { strategy: { rules: [{ prefix: bad, use: 'direct' }] } }],
      ]
      for (const [method, at, body] of bodies) {
        assertRefused(await server.client.ask(method, at, message(body)), `${method} ${at} ${JSON.stringify(body)}`)
      }
    }
  })

  it('is refused in forms', async () => {
    for (const bad of IN_TEXTS.filter((text) => typeof text === 'string')) {
      for (const [name, at] of [
        ['path', '/upload'],
        ['path', '/api/v1/files/upload'],
        ['bucket', '/api/v1/files/upload'],
      ] as const) {
        const headers = { 'content-type': 'multipart/form-data; boundary=b' }
        const bucket = name === 'bucket' || at === '/upload' ? '' : field('bucket', 'default')
        const file = '--b\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n--b--\r\n'
        const body = Buffer.from(bucket + field(name, bad) + file)
        assertRefused(
          await server.client.ask('POST', at, { headers, body }),
          `POST ${at} ${name} ${JSON.stringify(bad)}`,
        )
      }
    }
  })

  it('has left everything as it was, but for a folder that may go to the root', async () => {
    assert.deepEqual((await server.client.get('there')).body.toString(), 'x')
    assert.equal((await server.client.put('a/b', Buffer.from('y'))).status, 201)
    const moved = await server.client.ask(
      'POST',
      '/api/v1/folders/move',
      message({ bucket: 'default', from: 'a/', to: '' }),
    )
    assert.deepEqual([moved.status, moved.body.toString()], [200, '{"moved":1}'])
    assert.equal((await server.client.get('b')).body.toString(), 'y')
    assert.doesNotMatch(server.stderr, /AssertionError|"level":50/)
  })
})

function field(name: string, value: string): string {
  return `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
}
