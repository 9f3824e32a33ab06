import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { QuorumLostError } from '@holdfast/core/wire/errors.ts'
import { fileAnswerSchema } from '@holdfast/core/wire/rest/file.ts'
import { ManualClock } from '../../seams/manual-clock.test-support.ts'
import {
  CLOSING_MS_MAX,
  CONNECTIONS_MAX,
  HEADER_BYTES_MAX,
  HEADERS_MAX,
  JSON_BODY_BYTES_MAX,
  RETRY_AFTER_SECONDS,
} from './limits.ts'
import { AUTHORIZED, KEY, type RawClient, TestDoor, until } from './rest.test-support.ts'

function connectionsOf(door: TestDoor): Promise<number> {
  return new Promise((resolve, reject) => {
    door.server.app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
  })
}

describe('what is refused', () => {
  it('is a problem, with its code, its page and the id of the request', async () => {
    await using door = await TestDoor.open()
    const heard = await door.ask('GET', '/api/v1/buckets/none')
    const problem = heard.problem()
    assert.equal(heard.status, 404)
    assert.equal(problem.code, 'bucket_not_found')
    assert.equal(problem.title, 'There is no such bucket')
    assert.match(problem.requestId, /^[0-9a-f]{12}-\w+$/)
    assert.equal(heard.headers['x-content-type-options'], 'nosniff')
    assert.notEqual((await door.ask('GET', '/api/v1/buckets/none')).problem().requestId, problem.requestId)
  })

  it('names every place that does not fit', async () => {
    await using door = await TestDoor.open()
    const heard = await door.ask('PUT', '/api/v1/buckets/photos', {
      body: { redundancy: { data: 0, parity: 2 }, 'a/b': 1 },
    })
    assert.equal(heard.problem().code, 'bad_request')
    const { errors = [] } = heard.problem()
    assert.deepEqual(
      errors.map(({ pointer }) => pointer),
      ['/redundancy/data', ''],
    )
    const listed = await door.ask('GET', '/api/v1/files?limit=0&nonsense=1')
    assert.equal(listed.problem().errors?.[0]?.parameter, 'limit')
  })

  it('is 404 where there is nothing, 405 with Allow where the method is not there', async () => {
    await using door = await TestDoor.open()
    assert.equal((await door.ask('GET', '/api/v1/nothing')).problem().code, 'not_found')
    assert.equal(
      (await door.ask('POST', '/nothing', { body: 'x', headers: { 'content-type': 'a/b' } })).problem().code,
      'not_found',
    )
    assert.equal((await door.ask('PROPFIND', '/api/v1/files')).problem().code, 'not_found')
    for (const prefix of ['/api/v1', '/api']) {
      const heard = await door.ask('POST', `${prefix}/buckets/photos`, { body: '{"a":' })
      assert.equal(heard.problem().code, 'method_not_allowed')
      assert.equal(heard.headers.allow, 'DELETE, GET, HEAD, PATCH, PUT')
    }
    assert.equal((await door.ask('DELETE', '/health', { key: null })).headers.allow, 'GET, HEAD')
  })

  it('tells nothing of the inside where it is a bug, and logs it', async () => {
    await using door = await TestDoor.open()
    door.floor.beforePut = () => {
      throw new TypeError('the secret inside')
    }
    const heard = await door.put('a', 'x')
    assert.equal(heard.status, 500)
    assert.equal(heard.problem().code, 'internal_error')
    assert.doesNotMatch(heard.body.toString(), /secret inside/)
    const line = door.logged.find((each) => each.includes('the secret inside')) ?? ''
    assert.match(line, new RegExp(heard.problem().requestId))
    assert.equal(JSON.parse(line).level, 50)
    assert.match(JSON.parse(line).err.stack, /server\.test\.ts/)
  })
})

describe('messages', () => {
  it('are JSON, of a limited size', async () => {
    await using door = await TestDoor.open()
    const put = (body: string, type = 'application/json') =>
      door.ask('PUT', '/api/v1/buckets/photos', { body, headers: { 'content-type': type } })
    const padded = (bytes: number) => '{}'.padEnd(bytes, ' ')
    assert.equal((await put(padded(JSON_BODY_BYTES_MAX))).status, 201)
    assert.equal((await put(padded(JSON_BODY_BYTES_MAX + 1))).problem().code, 'body_too_large')
    assert.equal((await put('{"a":')).problem().code, 'bad_request')
    assert.equal((await put('{"__proto__":{"x":1}}')).problem().code, 'bad_request')
    assert.equal((await put('{"constructor":{"prototype":{"x":1}}}')).problem().code, 'bad_request')
    assert.equal((await put('[]')).problem().code, 'bad_request')
    assert.equal((await put('{}', 'application/x-www-form-urlencoded')).problem().code, 'unsupported_media_type')
    assert.equal((await put('{}', 'garbage')).problem().code, 'unsupported_media_type')
    assert.equal((await put('{}', 'application/merge-patch+json; charset=utf-8')).status, 200)
  })

  it('may be left out only where they may', async () => {
    await using door = await TestDoor.open()
    assert.equal((await door.ask('PUT', '/api/v1/buckets/photos')).status, 201)
    assert.equal(
      (await door.ask('PUT', '/api/v1/buckets/photos', { body: '', headers: { 'content-type': 'application/json' } }))
        .status,
      200,
    )
    assert.equal((await door.ask('PATCH', '/api/v1/buckets/photos')).problem().code, 'bad_request')
    assert.equal((await door.ask('POST', '/api/v1/folders/move')).problem().code, 'bad_request')
  })
})

describe('headers', () => {
  it('have a limit in bytes and in number', async () => {
    await using door = await TestDoor.open()
    using large = await door.raw()
    large.send(`GET /health HTTP/1.1\r\nHost: here\r\nX: ${'x'.repeat(HEADER_BYTES_MAX)}\r\n\r\n`)
    const problem = await large.problem()
    assert.equal(problem.status, 431)
    assert.equal(problem.code, 'limit_exceeded')
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, 'y']))
    // host and connection are sent by the client beside them
    const fitting = await door.ask('GET', '/health', { key: null, headers: many(HEADERS_MAX - 2) })
    assert.equal(fitting.status, 200)
    const beyond = await door.ask('GET', '/health', { key: null, headers: many(HEADERS_MAX - 1) })
    assert.equal(beyond.status, 431)
    assert.equal(beyond.problem().code, 'limit_exceeded')
  })

  it('that are not HTTP are a problem on the bare socket', async () => {
    await using door = await TestDoor.open()
    for (const bytes of [
      'GET / HTTP/1.1\r\nHost here\r\n\r\n',
      'nonsense\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: here\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: here\r\nX: \x00\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: here\r\nExpect: miracles\r\n\r\n',
    ]) {
      using client = await door.raw()
      client.send(bytes)
      const problem = await client.problem()
      assert.equal(problem.code, 'bad_request', bytes)
    }
  })

  it('must name the host', async () => {
    await using door = await TestDoor.open()
    using client = await door.raw()
    client.send('GET /health HTTP/1.1\r\nConnection: close\r\n\r\n')
    assert.equal((await client.problem()).code, 'bad_request')
  })

  it('that never end are cut off', async () => {
    await using door = await TestDoor.open()
    door.server.app.server.headersTimeout = 100
    using client = await door.raw()
    client.send('GET /health HTTP/1.1\r\nHost: here\r\nX: ')
    const problem = await client.problem()
    assert.equal(problem.status, 408)
    assert.equal(problem.code, 'body_too_slow')
  })

  it('do not damage an answer that is being sent, whatever comes behind the request', async () => {
    await using door = await TestDoor.open()
    door.floor.wholeBytesMax = 0
    await door.put('large', Buffer.alloc(20 * 1024 * 1024))
    using client = await door.raw()
    client.send(`GET /api/v1/buckets/default/files/large HTTP/1.1\r\n${AUTHORIZED}\r\n`)
    await client.until(/200 OK/)
    client.send('nonsense\r\n\r\n')
    assert.doesNotMatch(await client.closed(), /problem/)
  })
})

describe('the whole URL as target', () => {
  it('leads to its path', async () => {
    await using door = await TestDoor.open()
    using client = await door.raw()
    client.send(
      `PUT http://here/api/v1/buckets/default/files/a/b HTTP/1.1\r\n${AUTHORIZED}Connection: close\r\nContent-Length: 1\r\n\r\nx`,
    )
    assert.match(await client.closed(), /^HTTP\/1.1 201 /)
    assert.deepEqual(door.floor.paths, ['default/a/b'])
  })
})

describe('the log', () => {
  it('never holds a key, at any level, whatever happens', async () => {
    await using door = await TestDoor.open()
    door.floor.beforePut = () => {
      throw Object.assign(new Error(`bug with ${KEY}`), { headers: { authorization: `Bearer ${KEY}` }, key: KEY })
    }
    await door.put('a', 'x')
    await door.ask('GET', `/api/v1/files?key=${KEY}`)
    await door.get(KEY)
    await door.ask('GET', '/api/v1/nothing', { key: `${KEY}x` })
    await door.ask('POST', '/upload', { body: KEY })
    assert.ok(door.logged.length >= 5)
    assert.doesNotMatch(door.logged.join(''), new RegExp(KEY))
    assert.match(door.logged.join(''), /bug with \[redacted\]/)
  })

  it('tells of a foreseen failure without a stack', async () => {
    await using door = await TestDoor.open({ level: 'info' })
    door.floor.beforePut = () => {
      throw new QuorumLostError({ needed: 4, reached: 3 })
    }
    assert.equal((await door.put('a', 'x')).status, 503)
    assert.equal(door.logged.length, 1)
    const { err, status } = JSON.parse(door.logged[0] ?? '')
    assert.deepEqual([status, err.code, err.stack], [503, 'quorum_lost', undefined])
  })

  it('is silent about what goes well and what clients get wrong, at its usual level', async () => {
    await using door = await TestDoor.open({ level: 'info' })
    await door.put('a', 'x')
    await door.get('none')
    assert.deepEqual(door.logged, [])
  })
})

describe('closing', () => {
  it('lets a running request finish, and takes no other', async () => {
    await using door = await TestDoor.open()
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>()
    const { promise: hasBegun, resolve: begin } = Promise.withResolvers<void>()
    door.floor.beforePut = () => {
      begin()
      return mayGoOn
    }
    using idle = await door.raw()
    idle.send(`GET /health HTTP/1.1\r\nHost: here\r\n\r\n`)
    await idle.until(/"state"/)
    const putting = door.put('a', 'x')
    await hasBegun
    using late = await door.raw()
    late.send('GET /health HTTP/1.1\r\nHost: here\r\n')
    const closing = door.server.close()
    await idle.closed()
    late.send('\r\n')
    assert.match(await late.closed(), /^(HTTP\/1.1 503 .*"shutting_down".*|)$/s)
    await assert.rejects(door.raw())
    goOn()
    assert.equal((await putting).as(fileAnswerSchema).path, 'a')
    await closing
  })

  it('destroys what does not finish in time', async () => {
    const clock = new ManualClock()
    await using door = await TestDoor.open({ clock })
    using client = await door.raw()
    client.send(`PUT /api/v1/buckets/default/files/a HTTP/1.1\r\n${AUTHORIZED}Content-Length: 100\r\n\r\nhalf`)
    while (door.server.app.server.connections === 0 || clock.timers === 0)
      await new Promise((soon) => setTimeout(soon, 5))
    let isClosed = false
    const closing = door.server.close().then(() => {
      isClosed = true
    })
    for (let passedMs = 0; passedMs < CLOSING_MS_MAX - 1000; passedMs += 100) {
      clock.advance(100)
      await new Promise((soon) => setImmediate(soon))
    }
    assert.equal(isClosed, false)
    for (let passedMs = 0; passedMs < 2000; passedMs += 100) {
      clock.advance(100)
      await new Promise((soon) => setImmediate(soon))
    }
    await client.closed()
    await closing
    assert.deepEqual(door.floor.paths, [])
  })
})

describe('too much at once', () => {
  it('is one connection more than there may be, until another one ends', async () => {
    await using door = await TestDoor.open()
    const clients: RawClient[] = []
    // In turns that the queue of connections to accept has room for.
    while (clients.length < CONNECTIONS_MAX) {
      clients.push(...(await Promise.all(Array.from({ length: 128 }, () => door.raw()))))
      await new Promise((soon) => setTimeout(soon, 5))
    }
    using refused = await door.raw()
    assert.equal((await refused.problem()).code, 'overloaded')
    for (const client of clients) client[Symbol.dispose]()
    await until(async () => (await connectionsOf(door)) === 0)
    using welcome = await door.raw()
    welcome.send('GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n')
    await welcome.until(/"alive"/)
  })

  it('hears when to come back', async () => {
    await using door = await TestDoor.open()
    for (const node of door.floor.nodes.slice(0, 2)) Object.assign(node, { writable: false, state: 'offline' })
    const heard = await door.ask('GET', '/readyz', { key: null })
    assert.equal(heard.problem().code, 'quorum_lost')
    assert.equal(heard.headers['retry-after'], String(RETRY_AFTER_SECONDS))
  })
})
