import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { request } from 'node:http'
import { describe, it } from 'node:test'
import { fileAnswerSchema } from '@holdfast/core/wire/rest/file.ts'
import { AUTHORIZED, KEY, TestDoor, until } from '../rest.test-support.ts'

const MiB = 1024 * 1024
const text = 'The quick brown fox'

/** The same file, at hand at once and piece by piece. */
for (const wholeBytesMax of [MiB, 0]) {
  describe(`getting a file ${wholeBytesMax > 0 ? 'that is at hand' : 'piece by piece'}`, () => {
    async function open(): Promise<{ door: TestDoor; etag: string }> {
      const door = await TestDoor.open()
      door.floor.wholeBytesMax = wholeBytesMax
      const put = await door.put('dir/fox%20%E2%82%AC.txt', text, {
        'content-type': 'text/html',
        'holdfast-modified-at': '2020-01-02T03:04:05.678Z',
      })
      return { door, etag: put.headers.etag ?? '' }
    }
    const PATH = 'dir/fox%20%E2%82%AC.txt'

    it('gives its bytes, and says all that is known of them', async () => {
      const { door, etag } = await open()
      await using _door = door
      const heard = await door.get(PATH)
      assert.equal(heard.status, 200)
      assert.equal(heard.body.toString(), text)
      const { date: _date, ...headers } = heard.headers
      assert.deepEqual(headers, {
        etag,
        'accept-ranges': 'bytes',
        'cache-control': 'private, no-cache',
        connection: 'keep-alive',
        'content-disposition': `attachment; filename="fox _.txt"; filename*=UTF-8''fox%20%E2%82%AC.txt`,
        'content-length': String(text.length),
        'content-security-policy': 'sandbox',
        'content-type': 'text/html',
        'keep-alive': 'timeout=30',
        'last-modified': 'Thu, 02 Jan 2020 03:04:05 GMT',
        'repr-digest': `sha-256=:${hash('sha256', text, 'base64')}:`,
        'x-content-type-options': 'nosniff',
      })
      const head = await door.ask('HEAD', `/api/v1/buckets/default/files/${PATH}`)
      assert.equal(head.status, 200)
      assert.deepEqual({ ...head.headers, date: '' }, { ...heard.headers, date: '' })
      assert.equal(head.body.length, 0)
    })

    it('gives one range of it', async () => {
      const { door, etag } = await open()
      await using _door = door
      const range = (value: string, more = {}) => door.get(PATH, { range: value, ...more })
      for (const [asked, from, to] of [
        ['bytes=0-0', 0, 1],
        ['bytes=4-8', 4, 9],
        ['bytes=16-', 16, 19],
        ['bytes=-3', 16, 19],
        ['bytes=4-999', 4, 19],
      ] as const) {
        const heard = await range(asked)
        assert.equal(heard.status, 206)
        assert.equal(heard.body.toString(), text.slice(from, to))
        assert.equal(heard.headers['content-range'], `bytes ${from}-${to - 1}/19`)
        assert.equal(heard.headers['content-length'], String(to - from))
        assert.equal(heard.headers.etag, etag)
      }
      const beyond = await range('bytes=19-')
      assert.equal(beyond.problem().code, 'range_not_satisfiable')
      assert.equal(beyond.headers['content-range'], 'bytes */19')
      for (const asked of ['bytes=0-1,4-5', 'lines=1-2', 'bytes=5-4']) assert.equal((await range(asked)).status, 200)
      assert.equal((await range('bytes=0-0', { 'if-range': etag })).status, 206)
      assert.equal((await range('bytes=0-0', { 'if-range': `W/${etag}` })).status, 200)
      assert.equal((await range('bytes=0-0', { 'if-range': 'Thu, 02 Jan 2020 03:04:05 GMT' })).status, 200)
      assert.equal((await range('bytes=99-', { 'if-range': '"other"' })).body.toString(), text)
      assert.equal(
        (await door.ask('HEAD', `/api/v1/buckets/default/files/${PATH}`, { headers: { range: 'bytes=0-0' } })).status,
        200,
      )
    })

    it('gives nothing again to whoever has it, nor to whoever expects another version', async () => {
      const { door, etag } = await open()
      await using _door = door
      for (const method of ['GET', 'HEAD']) {
        const ask = (headers: Record<string, string>) =>
          door.ask(method, `/api/v1/buckets/default/files/${PATH}`, { headers })
        const unchanged = await ask({ 'if-none-match': `"x", W/${etag}` })
        assert.equal(unchanged.status, 304)
        assert.equal(unchanged.headers.etag, etag)
        assert.equal(unchanged.body.length, 0)
        assert.equal((await ask({ 'if-none-match': '*' })).status, 304)
        assert.equal((await ask({ 'if-none-match': '"x"' })).status, 200)
        assert.equal((await ask({ 'if-match': etag })).status, 200)
        assert.equal((await ask({ 'if-match': `W/${etag}` })).status, 412)
        assert.equal((await ask({ 'if-match': '"x"', 'if-none-match': etag })).status, 412)
        assert.equal((await ask({ 'if-none-match': etag, range: 'bytes=99-' })).status, 304)
        assert.equal((await ask({ 'if-match': 'unquoted' })).status, 400)
      }
    })

    it('gives an older version where one is asked for', async () => {
      const { door, etag } = await open()
      await using _door = door
      await door.put(PATH, 'newer')
      const version = etag.slice(1, -1)
      for (const method of ['GET', 'HEAD']) {
        const ask = (query: string) => door.ask(method, `/api/v1/buckets/default/files/${PATH}?${query}`)
        const old = await ask(`version=${version}`)
        assert.equal(old.headers.etag, etag)
        assert.equal(old.headers['content-length'], '19')
        assert.equal((await ask('')).headers['content-length'], '5')
        assert.equal((await ask(`version=${'0'.repeat(32)}`)).status, 404)
        assert.equal((await ask('version=1')).status, 400)
        assert.equal((await ask(`version=${version}&version=${version}`)).status, 400)
        assert.equal((await ask(`versoin=${version}`)).status, 400)
      }
    })

    it('gives an empty file, and no range of it', async () => {
      const { door } = await open()
      await using _door = door
      await door.put('empty', '')
      const heard = await door.get('empty')
      assert.equal(heard.status, 200)
      assert.equal(heard.headers['content-length'], '0')
      assert.equal((await door.get('empty', { range: 'bytes=0-' })).status, 416)
      assert.equal((await door.get('empty', { range: 'bytes=-1' })).status, 200)
    })

    it('never says that it was changed in time to come', async () => {
      const { door } = await open()
      await using _door = door
      await door.put('later', 'x', { 'holdfast-modified-at': '2999-01-01T00:00:00Z' })
      const { headers } = await door.get('later')
      assert.ok(Date.parse(headers['last-modified'] ?? '') <= Date.parse(headers.date ?? ''))
    })

    it('is a problem where there is none', async () => {
      const { door } = await open()
      await using _door = door
      assert.equal((await door.get('none')).problem().code, 'file_not_found')
      assert.equal((await door.ask('GET', '/api/v1/buckets/none/files/a')).problem().code, 'bucket_not_found')
      const head = await door.ask('HEAD', '/api/v1/buckets/default/files/none')
      assert.equal(head.status, 404)
      assert.equal(head.body.length, 0)
      await door.ask('DELETE', `/api/v1/buckets/default/files/${PATH}`)
      assert.equal((await door.get(PATH)).problem().code, 'file_not_found')
    })
  })
}

describe('a download', () => {
  async function withLarge(): Promise<TestDoor> {
    const door = await TestDoor.open()
    door.floor.wholeBytesMax = 0
    await door.put('large', Buffer.alloc(32 * MiB, 'holdfast'))
    return door
  }

  it('is read no faster than its client takes it', async () => {
    await using door = await withLarge()
    using client = await door.raw()
    client.socket.pause()
    client.send(`GET /api/v1/buckets/default/files/large HTTP/1.1\r\n${AUTHORIZED}\r\n`)
    await until(() => door.floor.bytesRead > 0)
    await new Promise((soon) => setTimeout(soon, 200))
    const takenBytes = door.floor.bytesRead
    // What the kernel's buffers on both sides hold counts as taken.
    assert.ok(takenBytes < 12 * MiB, `${takenBytes} bytes were read`)
    client.socket.resume()
    await until(() => door.floor.bytesRead === 32 * MiB)
    await until(() => door.floor.readsOpen === 0)
  })

  it('ends with its client, and lets go of what it held', async () => {
    await using door = await withLarge()
    using client = await door.raw()
    client.socket.pause()
    client.send(`GET /api/v1/buckets/default/files/large HTTP/1.1\r\n${AUTHORIZED}\r\n`)
    await until(() => door.floor.readsOpen === 1)
    await new Promise((soon) => setTimeout(soon, 50))
    client.socket.destroy()
    await until(() => door.floor.readsOpen === 0)
    assert.ok(door.floor.bytesRead < 32 * MiB)
  })

  it('that cannot begin is a problem', async () => {
    await using door = await withLarge()
    door.floor.failReadsAfterBytes = 0
    const heard = await door.get('large')
    assert.equal(heard.problem().code, 'file_unavailable')
    assert.equal(heard.status, 503)
  })

  it('that breaks off never ends cleanly', async () => {
    await using door = await withLarge()
    door.floor.failReadsAfterBytes = 4 * MiB
    let heardBytes = 0
    const { promise: failed, resolve: fail } = Promise.withResolvers<Error>()
    const asking = request({
      port: door.port,
      host: '127.0.0.1',
      path: '/api/v1/buckets/default/files/large',
      headers: { authorization: `Bearer ${KEY}` },
    })
    asking.on('response', (response) => {
      assert.equal(response.statusCode, 200)
      response.on('data', (piece: Buffer) => {
        heardBytes += piece.length
      })
      response.on('error', fail)
      response.on('end', () => fail(new Error('it ended cleanly')))
    })
    asking.end()
    assert.match((await failed).message, /aborted/)
    assert.ok(heardBytes <= 4 * MiB)
    assert.equal(door.floor.readsOpen, 0)
    assert.match(door.logged.join(''), /"code":"file_unavailable"/)
  })
})

describe('names that were stored', () => {
  it('cannot bring headers of their own', async () => {
    await using door = await TestDoor.open()
    const name = encodeURIComponent('a"\r\nX-Evil: 1')
    const etag = (await door.put(name, 'x')).headers.etag
    const heard = await door.get(name)
    assert.equal(heard.headers['x-evil'], undefined)
    assert.equal(heard.headers.etag, etag)
    assert.equal((await door.put(name, 'y')).as(fileAnswerSchema).path, 'a"\r\nX-Evil: 1')
  })
})
