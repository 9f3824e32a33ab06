import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { formUploadSchema } from '@holdfast/core/wire/rest/form-upload.ts'
import { ManualClock } from '../../../seams/manual-clock.test-support.ts'
import { BODY_WINDOW_MS, FORM_FIELD_BYTES_MAX, FORM_FIELDS_MAX, FORM_FILES_MAX } from '../limits.ts'
import { AUTHORIZED, type Heard, TestDoor } from '../rest.test-support.ts'

const MiB = 1024 * 1024

/** A field as text; a file as its name and contents. */
type Part =
  | readonly [name: string, value: string]
  | readonly [name: string, filename: string, contents: Buffer | string]

function formOf(parts: readonly Part[]): Buffer {
  const pieces = parts.flatMap(([name, value, contents]) => [
    contents === undefined
      ? `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
      : `--XX\r\nContent-Disposition: form-data; name="${name}"; filename="${value}"\r\nContent-Type: text/plain\r\n\r\n`,
    ...(contents === undefined ? [] : [contents, '\r\n']),
  ])
  return Buffer.concat([...pieces, '--XX--\r\n'].map((piece) => Buffer.from(piece)))
}

function send(door: TestDoor, parts: readonly Part[] | Buffer, headers = {}): Promise<Heard> {
  const body = Buffer.isBuffer(parts) ? parts : formOf(parts)
  return door.ask('POST', '/api/v1/files/upload', {
    body,
    headers: { 'content-type': 'multipart/form-data; boundary=XX', ...headers },
  })
}

const itemsOf = (heard: Heard) => heard.as(formUploadSchema).items.map(({ status, path }) => [status, path])

describe('a form with files', () => {
  it('is stored file by file, each described by the fields before it', async () => {
    await using door = await TestDoor.open()
    await door.ask('PUT', '/api/v1/buckets/photos')
    const heard = await send(door, [
      ['bucket', 'photos'],
      ['path', '2026/'],
      ['file', 'a.jpg', 'one'],
      ['file', 'b.jpg', 'two'],
      ['path', 'cover.jpg'],
      ['file', 'c.jpg', 'three'],
      ['file', 'd.jpg', ''],
      ['bucket', 'default'],
      ['file', 'e.jpg', 'five'],
    ])
    assert.equal(heard.status, 201)
    assert.deepEqual(itemsOf(heard), [
      [201, '2026/a.jpg'],
      [201, '2026/b.jpg'],
      [201, 'cover.jpg'],
      [201, 'd.jpg'],
      [201, 'e.jpg'],
    ])
    assert.deepEqual(door.floor.paths, [
      'default/e.jpg',
      'photos/2026/a.jpg',
      'photos/2026/b.jpg',
      'photos/cover.jpg',
      'photos/d.jpg',
    ])
    const got = await door.ask('GET', '/api/v1/buckets/photos/files/2026/b.jpg')
    assert.equal(got.body.toString(), 'two')
    assert.equal(got.headers['content-type'], 'text/plain')
  })

  it('stores large files as they come', async () => {
    await using door = await TestDoor.open()
    const large = Buffer.alloc(5 * MiB, 'holdfast')
    const heard = await send(door, [
      ['bucket', 'default'],
      ['file', 'large', large],
      ['file', 'small', 'x'],
    ])
    assert.deepEqual(itemsOf(heard), [
      [201, 'large'],
      [201, 'small'],
    ])
    assert.ok((await door.get('large')).body.equals(large))
    assert.deepEqual(
      itemsOf(
        await send(door, [
          ['bucket', 'default'],
          ['file', 'large', 'y'],
        ]),
      ),
      [[200, 'large']],
    )
  })

  it('says of each file how it went, and stores those that are well', async () => {
    await using door = await TestDoor.open()
    const heard = await send(door, [
      ['bucket', 'default'],
      ['file', 'a', Buffer.alloc(3 * MiB)],
      ['path', '../b'],
      ['file', 'b', Buffer.alloc(3 * MiB)],
      ['bucket', 'none'],
      ['file', 'c', Buffer.alloc(3 * MiB)],
      ['bucket', 'default'],
      ['file', 'd', 'x'],
    ])
    assert.equal(heard.status, 207)
    assert.deepEqual(itemsOf(heard), [
      [201, 'a'],
      [400, '../b'],
      [404, 'c'],
      [201, 'd'],
    ])
    assert.equal(heard.as(formUploadSchema).items[2]?.problem?.code, 'bucket_not_found')
    assert.deepEqual(door.floor.paths, ['default/a', 'default/d'])
  })

  it('goes on behind a file that the floor stopped reading', async () => {
    await using door = await TestDoor.open()
    door.floor.beforePut = async ({ path, body }) => {
      if (path !== 'full' || body instanceof Uint8Array) return
      for await (const _piece of body) throw new HoldfastError('disk_full', 'no room')
    }
    const parts: Part[] = [
      ['bucket', 'default'],
      ['file', 'full', Buffer.alloc(3 * MiB)],
      ['file', 'b', 'x'],
    ]
    assert.deepEqual(itemsOf(await send(door, parts)), [
      [507, 'full'],
      [201, 'b'],
    ])
  })

  it('is a problem where nothing of it was stored', async () => {
    await using door = await TestDoor.open()
    const code = async (parts: readonly Part[] | Buffer, headers = {}) =>
      (await send(door, parts, headers)).problem().code
    assert.equal(
      await code([
        ['bucket', 'none'],
        ['file', 'a', 'x'],
      ]),
      'bucket_not_found',
    )
    assert.equal(
      await code([
        ['file', 'a', 'x'],
        ['bucket', 'default'],
      ]),
      'bad_request',
    )
    assert.equal(
      await code([
        ['bucket', 'default'],
        ['colour', 'red'],
        ['file', 'a', 'x'],
      ]),
      'bad_request',
    )
    assert.equal(
      await code([
        ['__proto__', 'x'],
        ['file', 'a', 'x'],
      ]),
      'bad_request',
    )
    assert.equal(
      await code([
        ['bucket', 'default'],
        ['file', '', 'x'],
      ]),
      'bad_request',
    )
    assert.equal(await code(Buffer.from('nonsense')), 'bad_request')
    assert.equal(await code([]), 'bad_request')
    assert.equal(await code([['bucket', 'default']], { 'content-type': 'application/json' }), 'unsupported_media_type')
    assert.equal(await code([['bucket', 'default']], { 'content-type': 'multipart/form-data' }), 'bad_request')
    assert.deepEqual(door.floor.paths, [])
  })

  it('tells of a field that came too late', async () => {
    await using door = await TestDoor.open()
    const heard = await send(door, [
      ['bucket', 'default'],
      ['file', 'a', 'x'],
      ['path', 'b'],
    ])
    assert.equal(heard.status, 207)
    assert.deepEqual(itemsOf(heard), [
      [201, 'a'],
      [400, null],
    ])
  })

  it('that breaks off stores nothing of the file that is not whole', async () => {
    await using door = await TestDoor.open()
    const whole = formOf([
      ['bucket', 'default'],
      ['file', 'a', 'x'],
      ['file', 'b', Buffer.alloc(2 * MiB)],
    ])
    const heard = await send(door, whole.subarray(0, whole.length - MiB))
    assert.equal(heard.status, 207)
    assert.equal(itemsOf(heard)[0]?.[0], 201)
    assert.deepEqual(door.floor.paths, ['default/a'])
  })

  it('ends with its client', async () => {
    await using door = await TestDoor.open()
    const whole = formOf([
      ['bucket', 'default'],
      ['file', 'b', Buffer.alloc(2 * MiB)],
    ])
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    door.floor.beforePut = ({ signal }) => signal.addEventListener('abort', () => end())
    using client = await door.raw()
    client.send(
      `POST /api/v1/files/upload HTTP/1.1\r\n${AUTHORIZED}Content-Type: multipart/form-data; boundary=XX\r\nContent-Length: ${whole.length}\r\n\r\n`,
    )
    client.socket.write(whole.subarray(0, MiB), () => client.socket.destroy())
    await ended
    await new Promise((soon) => setTimeout(soon, 20))
    assert.deepEqual(door.floor.paths, [])
  })

  it('is cut off where it comes too slowly, in a file and between files', async () => {
    for (const sent of [
      '--XX\r\nContent-Disposition: form-data; name="bucket"\r\n\r\ndefault\r\n--XX\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf',
      '--XX\r\nContent-Disp',
    ]) {
      const clock = new ManualClock()
      await using door = await TestDoor.open({ clock })
      using client = await door.raw()
      client.send(
        `POST /api/v1/files/upload HTTP/1.1\r\n${AUTHORIZED}Content-Type: multipart/form-data; boundary=XX\r\nContent-Length: 1000\r\n\r\n${sent}`,
      )
      while (clock.timers === 0) await new Promise((soon) => setTimeout(soon, 2))
      await new Promise((soon) => setTimeout(soon, 20))
      clock.advance(BODY_WINDOW_MS)
      const problem = await client.problem()
      assert.equal(problem.code, 'body_too_slow')
      assert.deepEqual(door.floor.paths, [])
    }
  })

  it('has limits on files, fields, and what a field holds', async () => {
    await using door = await TestDoor.open()
    const files = (count: number): Part[] => Array.from({ length: count }, (_, index) => ['file', `f${index}`, 'x'])
    const most = await send(door, [['bucket', 'default'], ...files(FORM_FILES_MAX)])
    assert.equal(most.status, 201)
    const more = await send(door, [['bucket', 'default'], ...files(FORM_FILES_MAX + 1)])
    assert.equal(more.status, 207)
    const problem = more.as(formUploadSchema).items.at(-1)?.problem
    assert.equal(problem?.code, 'limit_exceeded')
    assert.match(
      problem.detail,
      new RegExp(`at most ${FORM_FILES_MAX} files: send those that were not stored in further forms`),
    )
    const fields: Part[] = Array.from({ length: 1000 }, () => ['path', 'x'])
    const crowded = (await send(door, [['bucket', 'default'], ...fields])).problem()
    assert.equal(crowded.code, 'limit_exceeded')
    assert.match(crowded.detail, new RegExp(`at most ${FORM_FIELDS_MAX} fields`))
    const long = 'x'.repeat(FORM_FIELD_BYTES_MAX + 1)
    assert.equal(
      (
        await send(door, [
          ['bucket', long],
          ['file', 'a', 'x'],
        ])
      ).problem().code,
      'limit_exceeded',
    )
  })

  it('makes no second versions under the same key', async () => {
    await using door = await TestDoor.open()
    const parts: Part[] = [
      ['bucket', 'default'],
      ['file', 'a', 'x'],
      ['file', 'b', 'y'],
    ]
    const first = await send(door, parts, { 'idempotency-key': 'once' })
    const again = await send(door, parts, { 'idempotency-key': 'once' })
    assert.deepEqual(again.body, first.body)
  })

  it('takes names in UTF-8', async () => {
    await using door = await TestDoor.open()
    assert.deepEqual(
      itemsOf(
        await send(door, [
          ['bucket', 'default'],
          ['path', 'é/'],
          ['file', '€.txt', 'x'],
        ]),
      ),
      [[201, 'é/€.txt']],
    )
  })

  it('keeps the folders of a name below the path, so that files of one name do not replace each other', async () => {
    await using door = await TestDoor.open()
    const heard = await send(door, [
      ['bucket', 'default'],
      ['path', 'trip/'],
      ['file', 'a/IMG_1.jpg', 'one'],
      ['file', 'b/IMG_1.jpg', 'two'],
      ['file', '../IMG_1.jpg', 'out'],
      ['file', '/IMG_1.jpg', 'out'],
    ])
    assert.deepEqual(itemsOf(heard), [
      [201, 'trip/a/IMG_1.jpg'],
      [201, 'trip/b/IMG_1.jpg'],
      [400, 'trip/../IMG_1.jpg'],
      [400, 'trip//IMG_1.jpg'],
    ])
    assert.deepEqual(door.floor.paths, ['default/trip/a/IMG_1.jpg', 'default/trip/b/IMG_1.jpg'])
    assert.equal(
      (
        await send(door, [
          ['bucket', 'default'],
          ['file', '/etc/passwd', 'x'],
        ])
      ).status,
      400,
    )
  })

  it('refuses names that are not UTF-8, each by itself', async () => {
    await using door = await TestDoor.open()
    const latin1 = (name: string): Buffer =>
      Buffer.from(
        formOf([
          ['bucket', 'default'],
          ['file', 'good', 'x'],
          ['file', name, 'x'],
        ]).toString(),
        'latin1',
      )
    for (const name of ['l\xe9.txt', 'l\xe8.txt']) {
      const heard = await send(door, latin1(name))
      assert.equal(heard.status, 207)
      assert.match(heard.as(formUploadSchema).items[1]?.problem?.detail ?? '', /UTF-8/)
    }
    const field = Buffer.from(
      formOf([
        ['bucket', 'default'],
        ['path', '\xe9'],
        ['file', 'x', 'x'],
      ]).toString(),
      'latin1',
    )
    assert.equal((await send(door, field)).problem().code, 'bad_request')
    assert.deepEqual(door.floor.paths, ['default/good'])
  })

  it('takes names as clients write them, and refuses those that may be two', async () => {
    await using door = await TestDoor.open()
    const heard = await send(door, [
      ['bucket', 'default'],
      ['file', 'say %22hi%22%0D%0A 100%25.txt', 'x'],
      ['file', 'a\\b', 'x'],
      ['file', 'a\\\\b', 'x'],
      ['file', 'a\\"b', 'x'],
      ['path', 'c\\"d'],
      ['file', 'x\\\\y', 'x'],
    ])
    assert.deepEqual(itemsOf(heard), [
      [201, 'say "hi"\r\n 100%25.txt'],
      [201, 'a\\b'],
      [400, 'a\\\\b'],
      [201, 'a"b'],
      [201, 'c\\"d'],
    ])
    assert.deepEqual(
      door.floor.paths,
      ['a"b', 'a\\b', 'c\\"d', 'say "hi"\r\n 100%25.txt'].map((path) => `default/${path}`),
    )
  })
})
