import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { statusOf } from '@holdfast/core/wire/errors.ts'
import { aboutSchema } from '@holdfast/core/wire/rest/about.ts'
import { fastify } from 'fastify'
import { z } from 'zod'
import { mount } from '../http/mount.ts'
import { TestDoor } from '../rest.test-support.ts'
import { faultsOf } from './openapi-faults.test-support.ts'

const documentSchema = z.record(z.string(), z.any())

async function withDocument() {
  const door = await TestDoor.open()
  const heard = await door.ask('GET', '/api/v1/openapi.json', { key: null })
  return { door, document: heard.as(documentSchema) }
}

describe('the OpenAPI document', () => {
  it('is whole and consistent', async () => {
    const { door, document } = await withDocument()
    await using _door = door
    assert.equal(document['openapi'], '3.1.1')
    assert.deepEqual(faultsOf(document), [])
    const same = await door.ask('GET', '/api/openapi.json', { key: null })
    assert.deepEqual(same.as(documentSchema), document)
  })

  it('has a check that finds faults', async () => {
    const { door, document } = await withDocument()
    await using _door = door
    const broken = (change: (copy: ReturnType<typeof structuredClone<typeof document>>) => void) => {
      const copy = structuredClone(document)
      change(copy)
      return faultsOf(copy)
    }
    const path = '/api/v1/buckets/{bucket}'
    assert.match(broken((copy) => delete copy['components'].schemas.Bucket).join(), /#\/components\/schemas\/Bucket/)
    assert.match(broken((copy) => delete copy['components'].schemas.Node.properties.id).join(), /no property id/)
    assert.match(broken((copy) => delete copy['paths'][path].get.parameters).join(), /bucket/)
    assert.match(broken((copy) => delete copy['paths'][path].get.responses).join(), /responses/)
    assert.match(broken((copy) => (copy['paths'][path].put.operationId = 'getBucket')).join(), /twice/)
    assert.match(broken((copy) => (copy['paths'][path].get.tags = ['None'])).join(), /None/)
    assert.match(broken((copy) => (copy['info'] = {})).join(), /info/)
  })

  it('describes every route, and nothing else', async () => {
    const { door, document } = await withDocument()
    await using _door = door
    const described = Object.entries<object>(document['paths']).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const app = fastify()
    const registered = new Set<string>()
    app.addHook('onRoute', ({ method, url, config }) => {
      // Fastify's own HEAD is its GET without a body, and a route without an operation answers 405.
      const operation = config?.operation
      if (operation === undefined || operation.method !== method) return
      const names = [...operation.path.matchAll(/\{(\w+)\*?\}/g)].map(([, name]) => name)
      const path = url.replaceAll(/:\w+|\*/g, () => `{${names.shift()}}`).replace(/^\/api(?!\/v1)/, '/api/v1')
      registered.add(`${method} ${path === '/' ? path : path.replace(/\/$/, '')}`)
    })
    await mount(app, door.server.endpoints, () => (_request, _reply, done) => done())
    await app.ready()
    await app.close()
    assert.deepEqual([...registered].sort(), described.sort())
  })

  it('holds each code among the problems of some request', async () => {
    const { door, document } = await withDocument()
    await using _door = door
    const codes: string[] = document['components'].schemas.Problem.properties.code.enum
    assert.deepEqual(codes, [...Object.keys(statusOf), 'internal_error'])
  })
})

describe('pages', () => {
  it('are for browsers, and run nothing but their own script', async () => {
    await using door = await TestDoor.open()
    const get = (path: string, accept: string) => door.ask('GET', path, { key: null, headers: { accept } })
    for (const [path, accept] of [
      ['/', 'text/html,application/xhtml+xml,*/*;q=0.8'],
      ['/docs', '*/*'],
    ] as const) {
      const heard = await get(path, accept)
      assert.equal(heard.headers['content-type'], 'text/html; charset=utf-8')
      assert.match(String(heard.headers['content-security-policy']), /^default-src 'none'; style-src 'sha256-[^']+'/)
      assert.doesNotMatch(heard.body.toString(), /https?:\/\/(?!127\.0\.0\.1)|\son\w+=|style=/)
    }
    for (const accept of ['*/*', 'application/json', 'application/json, text/html', '']) {
      assert.equal((await get('/', accept)).headers['content-type'], 'application/json', accept)
    }
  })

  it('show how to ask the address at which they were asked, and repeat no other text of a client', async () => {
    await using door = await TestDoor.open()
    const shown = async (host: string): Promise<(string | undefined)[]> => {
      const heard = await door.ask('GET', '/', { key: null, headers: { accept: 'text/html', host } })
      const page = heard.body.toString()
      assert.doesNotMatch(page, /reboot/)
      return [...page.matchAll(/^(?:<pre>)?curl .* (https?:\/\/[^/\s]+)\//gm)].map(([, origin]) => origin)
    }
    assert.deepEqual(await shown('files.example.org'), Array(8).fill('https://files.example.org'))
    for (const host of [`127.0.0.1:${door.port}`, '</pre><script>reboot()</script>', 'x;reboot'])
      assert.deepEqual(await shown(host), Array(8).fill(`http://127.0.0.1:${door.port}`))
  })

  it('link to what a browser can open, and show how to ask for the rest', async () => {
    await using door = await TestDoor.open()
    const home = (await door.ask('GET', '/', { key: null, headers: { accept: 'text/html' } })).body.toString()
    const linked = [...home.matchAll(/href="([^"]+)"/g)].map(([, path]) => path ?? '')
    assert.ok(linked.includes('/docs'))
    for (const path of linked) assert.equal((await door.ask('GET', path, { key: null })).status, 200, path)
    const shown = [...home.matchAll(/^(?:<pre>)?curl -H "Authorization: Bearer \$KEY" \S+?(\/api\/\S+?)(?:<|$)/gm)]
    const asked = shown.map(([, path]) => path ?? '')
    for (const path of asked) assert.equal((await door.ask('GET', path)).status, 200, path)
    const { links } = (await door.ask('GET', '/')).as(aboutSchema)
    assert.deepEqual(
      Object.values(links).filter((path) => !linked.includes(path)),
      asked,
    )
  })

  it('say what each error means, where problems point to', async () => {
    await using door = await TestDoor.open()
    const page = (await door.ask('GET', '/docs', { key: null })).body.toString()
    for (const code of [...Object.keys(statusOf), 'internal_error'])
      assert.match(page, new RegExp(`id="errors-${code}"`))
  })

  it('carry a script that is JavaScript, and refers to nothing outside of itself', async () => {
    await using door = await TestDoor.open()
    const page = (await door.ask('GET', '/docs', { key: null })).body.toString()
    const script = /<script>(.*)<\/script>/s.exec(page)?.[1] ?? assert.fail()
    const asked: string[] = []
    const element = () => ({ append() {}, replaceChildren() {}, addEventListener() {}, textContent: '' })
    const window = {
      location: { hash: '' },
      fetch: async (target: string) => {
        asked.push(target)
        return { json: async () => (await door.ask('GET', target, { key: null })).as(documentSchema) }
      },
    }
    const made: string[] = []
    const document = {
      querySelector: element,
      getElementById: () => null,
      createElement: (tag: string) => {
        made.push(tag)
        return element()
      },
    }
    new Function('window', 'document', script)(window, document)
    while (!made.includes('details')) await new Promise((soon) => setTimeout(soon, 2))
    assert.deepEqual(asked, ['/api/v1/openapi.json'])
  })
})
