import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { metricsSchema } from '@holdfast/core/wire/rest/about.ts'
import { fileAnswerSchema } from '@holdfast/core/wire/rest/file.ts'
import { FILE_BYTES_MAX } from '../../../files/streamed-bodies.ts'
import type { UploadRequest } from '../../../files/uploads.ts'
import { ManualClock } from '../../../seams/manual-clock.test-support.ts'
import { BODIES_IN_FLIGHT_MAX, BODY_TICK_MS, BODY_WINDOW_MS, DISCARDED_BYTES_MAX } from '../limits.ts'
import { AUTHORIZED, TestDoor, until } from '../rest.test-support.ts'

const MiB = 1024 * 1024
const PUT = (path: string) => `PUT /api/v1/buckets/default/files/${path} HTTP/1.1\r\n${AUTHORIZED}`

/** What the floor was asked to store. */
function watchPuts(door: TestDoor): UploadRequest[] {
  const puts: UploadRequest[] = []
  door.floor.beforePut = (request) => {
    puts.push(request)
  }
  return puts
}

async function inFlight(door: TestDoor): Promise<number> {
  return (await door.ask('GET', '/api/v1/metrics')).as(metricsSchema).requests.bodiesInFlight
}

describe('putting a file', () => {
  it('answers 201 for a new file and 200 for a new version, with ETag and Location', async () => {
    await using door = await TestDoor.open()
    const first = await door.put('a/b%20c.txt', 'hello', { 'content-type': 'text/plain' })
    const answer = first.as(fileAnswerSchema)
    assert.equal(first.status, 201)
    assert.equal(first.headers.etag, `"${answer.versionId}"`)
    assert.equal(first.headers.location, '/api/v1/buckets/default/files/a/b%20c.txt')
    assert.equal(first.headers['content-type'], 'application/json')
    assert.equal(answer.size, 5)
    assert.equal(answer.sha256, '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824')
    assert.equal(answer.contentType, 'text/plain')
    const second = await door.put('a/b%20c.txt', 'again')
    assert.equal(second.status, 200)
    assert.equal(second.as(fileAnswerSchema).fileId, answer.fileId)
    assert.notEqual(second.headers.etag, first.headers.etag)
  })

  it('hands small bodies over whole and larger ones as they come, unchanged', async () => {
    await using door = await TestDoor.open()
    const puts = watchPuts(door)
    for (const [length, isWhole] of [
      [0, true],
      [1, true],
      [MiB, true],
      [MiB + 1, false],
      [5 * MiB, false],
    ] as const) {
      const body = Buffer.alloc(length, 'holdfast')
      assert.equal((await door.put(`f${length}`, body)).as(fileAnswerSchema).size, length)
      assert.equal(puts.at(-1)?.body instanceof Uint8Array, isWhole, String(length))
      assert.equal(puts.at(-1)?.lengthBytes, length)
      assert.ok((await door.get(`f${length}`)).body.equals(body))
    }
  })

  it('hands bodies of unknown length over as they come', async () => {
    await using door = await TestDoor.open()
    const puts = watchPuts(door)
    for (const length of [0, 5, 5 * MiB]) {
      const body = Buffer.alloc(length, 'holdfast')
      const headers = { 'transfer-encoding': 'chunked' }
      const heard = await door.ask('PUT', '/api/v1/buckets/default/files/chunked', { body, headers })
      assert.equal(heard.as(fileAnswerSchema).size, length)
      assert.equal(puts.at(-1)?.body instanceof Uint8Array, false, String(length))
      assert.equal(puts.at(-1)?.lengthBytes, undefined)
      assert.ok((await door.get('chunked')).body.equals(body))
    }
  })

  it('takes any type of body, and parses none', async () => {
    await using door = await TestDoor.open()
    const body = '{"not":"parsed"'
    for (const type of [
      'application/json',
      'multipart/form-data; boundary=x',
      'application/x-www-form-urlencoded',
      'text/plain',
    ]) {
      assert.equal((await door.put('a', body, { 'content-type': type })).as(fileAnswerSchema).contentType, type)
      assert.equal((await door.get('a')).body.toString(), body)
    }
  })

  it('hands over what the headers say', async () => {
    await using door = await TestDoor.open()
    const puts = watchPuts(door)
    await door.put('x/y', 'hello', {
      'holdfast-strategy': 'chunked',
      'holdfast-modified-at': '2020-01-02T03:04:05Z',
      'idempotency-key': 'key-1',
      'repr-digest': 'sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:',
      'if-none-match': '*',
    })
    const put = puts[0] ?? assert.fail()
    assert.equal(put.strategy, 'chunked')
    assert.equal(put.modifiedAt, Date.UTC(2020, 0, 2, 3, 4, 5))
    assert.equal(put.idempotencyKey, 'key-1')
    assert.equal(put.idempotencyScope, 'PUT /buckets/default/files/x/y')
    assert.equal(put.expectedSha256, '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824')
    assert.deepEqual(put.preconditions, { ifNoneMatch: ['*'] })
    assert.equal(put.requester.principal, 'admin')
  })

  it('refuses another body than its digest names, and versions that nobody expects', async () => {
    await using door = await TestDoor.open()
    const wrong = { 'repr-digest': `sha-256=:${'A'.repeat(43)}=:` }
    assert.equal((await door.put('a', 'x', wrong)).problem().code, 'digest_mismatch')
    assert.equal((await door.put('a', 'x', { 'if-match': '*' })).problem().code, 'precondition_failed')
    const etag = (await door.put('a', 'x', { 'if-none-match': '*' })).headers.etag ?? ''
    assert.equal((await door.put('a', 'y', { 'if-none-match': '*' })).status, 412)
    assert.equal((await door.put('a', 'y', { 'if-match': `W/${etag}` })).status, 412)
    assert.equal((await door.put('a', 'y', { 'if-match': etag })).status, 200)
    assert.equal((await door.put('a', 'z', { 'if-match': etag })).status, 412)
  })

  it('has the same answer for the same request again', async () => {
    await using door = await TestDoor.open()
    const key = { 'idempotency-key': 'once' }
    const first = await door.put('a', 'x', key)
    const again = await door.put('a', 'x', key)
    assert.equal(again.status, 201)
    assert.deepEqual(again.body, first.body)
    assert.equal(again.headers['idempotency-replayed'], 'true')
    assert.equal((await door.put('a', 'y', key)).problem().code, 'idempotency_mismatch')
  })

  it('refuses paths that lead elsewhere, however they are written', async () => {
    await using door = await TestDoor.open()
    for (const path of [
      '..',
      '../x',
      'a/../b',
      'a/./b',
      '%2e%2e',
      '%2e%2e%2fx',
      'a%2f..%2fb',
      '..%5cx',
      'a%5c..%5cb',
      '/etc/passwd',
      '%2fetc%2fpasswd',
      'a//b',
      '%c0%ae%c0%ae/x',
      '%ff',
      'a%00b',
      'a%2',
      '',
    ]) {
      for (const method of ['PUT', 'GET', 'HEAD', 'DELETE']) {
        const heard = await door.ask(method, `/api/v1/buckets/default/files/${path}`, {
          ...(method === 'PUT' && { body: 'x' }),
        })
        assert.equal(heard.status, 400, `${method} ${path}`)
        if (method !== 'HEAD') assert.equal(heard.problem().code, 'bad_request')
      }
    }
    assert.deepEqual(door.floor.paths, [])
  })

  it('keeps every other name byte for byte', async () => {
    await using door = await TestDoor.open()
    const names = [
      'a..b',
      '...',
      ' ',
      'a+b',
      '%252e%252e',
      'CON',
      'a:b',
      'x?y#z',
      'é',
      'e\u0301',
      '\u202ex',
      '🙂/a',
      "';--",
      'folder/',
      '__proto__',
    ]
    for (const name of names) {
      const path = name === '%252e%252e' ? name : name.split('/').map(encodeURIComponent).join('/')
      assert.equal((await door.put(path, name)).status, 201, name)
      assert.equal((await door.get(path)).body.toString(), name)
    }
    assert.equal(door.floor.paths.length, names.length)
  })

  it('refuses a path that is too long, and takes the longest', async () => {
    await using door = await TestDoor.open()
    assert.equal((await door.put('é'.repeat(512).replaceAll('é', '%C3%A9'), 'x')).status, 201)
    const heard = await door.put('a'.repeat(1025), 'x')
    assert.equal(heard.problem().code, 'limit_exceeded')
    assert.equal((await door.get('a'.repeat(1025))).problem().code, 'limit_exceeded')
    assert.equal((await door.ask('PUT', `/api/v1/buckets/${'b'.repeat(64)}`)).problem().code, 'bad_request')
  })

  it('refuses a file that is too large before a byte of it comes', async () => {
    await using door = await TestDoor.open()
    using client = await door.raw()
    client.send(`${PUT('a')}Content-Length: ${FILE_BYTES_MAX + 1}\r\n\r\n`)
    assert.match(await client.until(/"body_too_large"/), /^HTTP\/1.1 413 /)
  })

  it('invites a client that asks first only when its body may come', async () => {
    await using door = await TestDoor.open()
    using known = await door.raw()
    known.send(`${PUT('a')}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`)
    assert.equal(await known.until(/\r\n\r\n/), 'HTTP/1.1 100 Continue\r\n\r\n')
    known.send('hello')
    await known.until(/HTTP\/1.1 201 /)
    using large = await door.raw()
    large.send(`${PUT('b')}Expect: 100-continue\r\nContent-Length: ${2 * MiB}\r\n\r\n`)
    await large.until(/100 Continue/)
    large.send(Buffer.alloc(2 * MiB))
    await large.until(/HTTP\/1.1 201 /)
    using message = await door.raw()
    message.send(
      `PUT /api/v1/buckets/photos HTTP/1.1\r\n${AUTHORIZED}Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`,
    )
    await message.until(/100 Continue/)
    message.send('{}')
    await message.until(/HTTP\/1.1 201 /)
    using unknown = await door.raw()
    unknown.send(
      'PUT /api/v1/buckets/default/files/c HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
    )
    assert.match(await unknown.closed(), /^HTTP\/1.1 401 /)
  })
})

describe('a body that does not come as it should', () => {
  it('ends with its client, and nothing is stored', async () => {
    await using door = await TestDoor.open()
    const puts = watchPuts(door)
    for (const length of [1000, 5 * MiB]) {
      using client = await door.raw()
      client.send(`${PUT('a')}Content-Length: ${length}\r\n\r\n`)
      client.send(Buffer.alloc(length / 2))
      await until(async () => (await inFlight(door)) === 1)
      client.socket.destroy()
      await until(async () => (await inFlight(door)) === 0)
    }
    assert.equal(puts.length, 1)
    assert.equal(puts[0]?.signal.aborted, true)
    assert.deepEqual(door.floor.paths, [])
  })

  it('is refused where its chunks are broken', async () => {
    await using door = await TestDoor.open()
    using client = await door.raw()
    client.send(`${PUT('a')}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nnonsense\r\n`)
    assert.equal((await client.problem()).code, 'bad_request')
    assert.deepEqual(door.floor.paths, [])
  })

  for (const length of [1000, 5 * MiB]) {
    it(`is cut off where ${length} bytes come too slowly`, async () => {
      const clock = new ManualClock()
      await using door = await TestDoor.open({ clock })
      using slow = await door.raw()
      slow.send(`${PUT('slow')}Content-Length: ${length}\r\n\r\nhalf`)
      await until(() => clock.timers > 0)
      clock.advance(BODY_WINDOW_MS - BODY_TICK_MS)
      assert.equal(slow.heard, '')
      clock.advance(BODY_TICK_MS)
      const problem = await slow.problem()
      assert.equal(problem.status, 408)
      assert.equal(problem.code, 'body_too_slow')
      assert.deepEqual(door.floor.paths, [])
    })
  }

  it('does not stay in the way: what is refused is read for a while, and the connection stays', async () => {
    await using door = await TestDoor.open()
    using client = await door.raw()
    const body = Buffer.alloc(DISCARDED_BYTES_MAX / 2)
    client.send(`PUT /api/v1/buckets/none/files/a HTTP/1.1\r\nHost: here\r\nContent-Length: ${body.length}\r\n\r\n`)
    await client.until(/"unauthorized"/)
    client.send(body)
    client.send('GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n')
    await client.until(/"alive"/)
  })

  it('does not come for ever: beyond a limit of bytes, or of time, the connection ends', async () => {
    const clock = new ManualClock()
    await using door = await TestDoor.open({ clock })
    const head = `PUT /api/v1/buckets/none/files/a HTTP/1.1\r\nHost: here\r\nContent-Length: ${100 * MiB}\r\n\r\n`
    using fast = await door.raw()
    fast.send(head)
    await fast.until(/"unauthorized"/)
    fast.send(Buffer.alloc(2 * DISCARDED_BYTES_MAX))
    await fast.closed()
    using slow = await door.raw()
    slow.send(head)
    await slow.until(/"unauthorized"/)
    await until(() => clock.timers > 0)
    clock.advance(60_000)
    await slow.closed()
  })

  it('that nobody asked for does not come for ever either', async () => {
    await using door = await TestDoor.open()
    using client = await door.raw()
    client.send(`GET /healthz HTTP/1.1\r\nHost: here\r\nContent-Length: ${100 * MiB}\r\n\r\n`)
    await client.until(/"alive"/)
    client.send(Buffer.alloc(2 * DISCARDED_BYTES_MAX))
    await client.closed()
  })

  it('is one of a limited number', async () => {
    await using door = await TestDoor.open()
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    door.floor.beforePut = () => released
    const puts = Array.from({ length: BODIES_IN_FLIGHT_MAX }, (_, index) => door.put(`f${index}`, 'x'))
    await until(async () => (await inFlight(door)) === BODIES_IN_FLIGHT_MAX)
    const refused = await door.put('more', 'x')
    assert.equal(refused.problem().code, 'overloaded')
    assert.ok(Number(refused.headers['retry-after']) > 0)
    release()
    for (const { status } of await Promise.all(puts)) assert.equal(status, 201)
    assert.equal((await door.put('more', 'x')).status, 201)
  })

  it('is read only as fast as the floor asks for it', async () => {
    await using door = await TestDoor.open()
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    door.floor.beforePut = () => released
    const sockets: Socket[] = []
    door.server.app.server.on('connection', (socket) => sockets.push(socket))
    using client = await door.raw()
    const length = 64 * MiB
    client.send(`${PUT('a')}Content-Length: ${length}\r\n\r\n`)
    client.socket.write(Buffer.alloc(length))
    await until(async () => (await inFlight(door)) === 1)
    await new Promise((soon) => setTimeout(soon, 100))
    // What the kernel's buffers on both sides hold is not ours.
    const readBytes = sockets.reduce((sum, socket) => sum + socket.bytesRead, 0)
    assert.ok(readBytes < MiB, `${readBytes} bytes were read that nobody had asked for`)
    release()
    await client.until(/HTTP\/1.1 201 /)
  })
})
