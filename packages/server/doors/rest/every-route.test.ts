/** All routes that fastify knows, not those that somebody remembered. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aliveSchema } from '@holdfast/core/wire/rest/cluster.ts'
import { fastify, type HTTPMethods } from 'fastify'
import { type Action, type Endpoint, messageEndpoint } from './http/endpoint.ts'
import { RELIED_ON } from './http/kept-headers.ts'
import { mount } from './http/mount.ts'
import { KEY, TestDoor } from './rest.test-support.ts'

interface Route {
  readonly method: HTTPMethods
  readonly url: string
  readonly action: Action | undefined
}

const OPEN = new Set([
  '/',
  '/docs',
  '/api',
  '/api/',
  '/api/v1',
  '/api/v1/',
  '/api/openapi.json',
  '/api/v1/openapi.json',
  '/health',
  '/healthz',
  '/readyz',
])

/** Mounts the endpoints once more, and listens to what comes in. */
async function routesOf(endpoints: readonly Endpoint[]): Promise<Route[]> {
  const app = fastify()
  const routes: Route[] = []
  app.addHook('onRoute', ({ method, url, config }) => {
    for (const each of [method].flat()) routes.push({ method: each, url, action: config?.action })
  })
  await mount(app, endpoints, () => (_request, _reply, done) => done())
  await app.ready()
  await app.close()
  return routes
}

const addressOf = ({ url }: Route) => url.replace('*', 'some/file').replaceAll(/:\w+/g, 'some-thing')

/** The routes that answer something else than 401 to somebody who has no key. */
async function answeringTo(door: TestDoor, routes: readonly Route[], key: string | null): Promise<string[]> {
  const answering: string[] = []
  for (const route of routes) {
    const { status, headers } = await door.ask(route.method, addressOf(route), { key })
    if (status === 401) assert.equal(headers['www-authenticate'], 'Bearer realm="holdfast"')
    else answering.push(`${route.method} ${route.url}`)
  }
  return answering
}

describe('every route', () => {
  it('asks for a key, except those that are open', async () => {
    await using door = await TestDoor.open()
    const routes = await routesOf(door.server.endpoints)
    assert.ok(routes.length > 300)
    const open = routes.filter(({ url }) => OPEN.has(url)).map(({ method, url }) => `${method} ${url}`)
    for (const key of [null, '', 'wrong', `${KEY}x`, KEY.slice(0, -1)])
      assert.deepEqual(await answeringTo(door, routes, key), open)
    assert.equal((await answeringTo(door, routes, KEY)).length, routes.length)
  })

  it('is found out by this test where the key is not looked at', async () => {
    await using door = await TestDoor.open({ authenticate: () => ({ principal: 'anybody' }) })
    const routes = await routesOf(door.server.endpoints)
    assert.equal((await answeringTo(door, routes, null)).length, routes.length)
  })

  it('is found out by this test where it is open and should not be', async () => {
    await using door = await TestDoor.open()
    const success = { statuses: {}, answer: aliveSchema }
    const forgotten = messageEndpoint(
      {
        id: 'x',
        method: 'GET',
        place: 'api',
        path: '/forgotten',
        action: 'open',
        tag: '',
        summary: '',
        success,
        problems: [],
      },
      () => ({}),
    )
    const routes = await routesOf([...door.server.endpoints, forgotten])
    const isOpen = ({ url, action }: Route) => action === 'open' && !OPEN.has(url)
    assert.deepEqual(
      routes.filter(isOpen).map(({ url }) => url),
      ['/api/v1/forgotten', '/api/v1/forgotten', '/api/forgotten', '/api/forgotten'],
    )
    assert.deepEqual((await routesOf(door.server.endpoints)).filter(isOpen), [])
  })

  it('that changes something keeps the headers by which a client guards a change, or refuses them', async () => {
    await using door = await TestDoor.open()
    const kept: Record<string, string[]> = {}
    for (const { operation } of door.server.endpoints) {
      const { id, method, headers = {} } = operation
      if (method === 'GET' || method === 'HEAD') continue
      const address = `${operation.place === 'api' ? '/api/v1' : ''}${operation.path.replaceAll(/\{\w+\*?\}/g, 'x')}`
      kept[id] = []
      for (const name of RELIED_ON) {
        const heard = await door.ask(method, address, { headers: { [name]: '"x"' } })
        const isRefused = heard.status === 400 && heard.problem().detail.startsWith(`${name} is not kept here`)
        assert.equal(isRefused, headers[name] === undefined, `${id} ${name}`)
        if (!isRefused) kept[id].push(name)
      }
    }
    const conditions = ['If-Match', 'If-None-Match']
    // A new one belongs here once a test of its own shows that it keeps them. The keys of putBucket and collect make no difference.
    assert.deepEqual(kept, {
      putBucket: ['Idempotency-Key'],
      patchBucket: ['If-Match'],
      deleteBucket: [],
      putFile: ['Idempotency-Key', ...conditions],
      deleteFile: ['Idempotency-Key', ...conditions],
      uploadFiles: ['Idempotency-Key'],
      patchFile: conditions,
      moveFolder: [],
      restoreFile: ['Idempotency-Key', ...conditions],
      collect: ['Idempotency-Key'],
      upload: ['Idempotency-Key'],
    })
  })

  it('says nothing of what is there to somebody without a key', async () => {
    await using door = await TestDoor.open()
    await door.put('there', 'x')
    const ask = (path: string) => door.ask('GET', path, { key: null })
    const [there, none, nowhere] = await Promise.all([
      ask('/api/v1/buckets/default/files/there'),
      ask('/api/v1/buckets/none/files/none'),
      ask('/api/v1/nowhere/%ff'),
    ])
    for (const heard of [there, none, nowhere]) assert.equal(heard.problem().code, 'unauthorized')
    assert.equal((await ask('/ui/index.html')).problem().code, 'not_found')
  })
})
