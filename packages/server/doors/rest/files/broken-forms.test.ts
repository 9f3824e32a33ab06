import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formUploadSchema } from '@holdfast/core/wire/rest/form-upload.ts'
import { TestDoor } from '../rest.test-support.ts'

const part = (parameters: string, contents: string) =>
  `--XX\r\nContent-Disposition: form-data; ${parameters}\r\n\r\n${contents}\r\n`
const FIRST = part('name="bucket"', 'default') + part('name="file"; filename="a"', 'x')
const SECOND = part('name="file"; filename="b"', 'y')
/** More than the socket's buffers hold, so that somebody has to read it. */
const REST = Buffer.alloc(4 * 1024 * 1024)

describe('a form that breaks behind a file', () => {
  for (const [how, broken, stored] of [
    ['has a raw line end in a boundary line', `${FIRST}--XX\n${SECOND.slice(6)}--XX--\r\n`, []],
    ['has a raw line end before a boundary', `${FIRST.slice(0, -2)}\n${SECOND}--XX--\r\n`, []],
    ['has a part without a name', `${FIRST}${part('filename="b"', 'y')}--XX--\r\n`, ['a']],
    ['has a quote in a name', `${FIRST}${part('name="file"; filename="b"c"', 'y')}--XX--\r\n`, ['a']],
    ['names a file twice', `${FIRST}${part(`name="file"; filename="b"; filename*=UTF-8''c`, 'y')}--XX--\r\n`, ['a']],
    ['goes on behind its end', `${FIRST}${SECOND}--XX--\r\n${SECOND}--XX--\r\n`, ['a']],
    ['has too much behind its end', `${FIRST}${SECOND}--XX--\r\n`, ['a']],
    ['never ends', `${FIRST}${SECOND.slice(0, -2)}`, ['a']],
  ] as const) {
    it(`stores nothing that is not whole, and says so: ${how}`, async () => {
      await using door = await TestDoor.open()
      const heard = await door.ask('POST', '/api/v1/files/upload', {
        body: Buffer.concat([Buffer.from(broken), REST]),
        headers: { 'content-type': 'multipart/form-data; boundary=XX' },
      })
      assert.deepEqual(
        door.floor.paths,
        stored.map((path) => `default/${path}`),
      )
      if (heard.status === 207) {
        const { items } = heard.as(formUploadSchema)
        assert.deepEqual([items[0]?.status, items.at(-1)?.status, items.at(-1)?.path], [201, 400, null])
      } else {
        assert.match(heard.problem().code, /^(bad_request|limit_exceeded)$/)
        assert.deepEqual(stored, [])
      }
      // Over the same connection.
      assert.equal((await door.ask('GET', '/healthz')).status, 200)
    })
  }

  it('control: the same form is stored where nothing is wrong with it', async () => {
    await using door = await TestDoor.open()
    const heard = await door.ask('POST', '/api/v1/files/upload', {
      body: `${FIRST}${SECOND}--XX--\r\n`,
      headers: { 'content-type': 'multipart/form-data; boundary=XX' },
    })
    assert.equal(heard.status, 201)
    assert.deepEqual(door.floor.paths, ['default/a', 'default/b'])
  })
})
