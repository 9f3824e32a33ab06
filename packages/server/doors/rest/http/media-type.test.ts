import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestDoor } from '../rest.test-support.ts'

const RESTORE = `/api/v1/files/${'0'.repeat(32)}/restore`

describe('a body of a type that its request does not take', () => {
  for (const [method, path, type, taken] of [
    ['POST', RESTORE, 'application/x-www-form-urlencoded', 'application/json'],
    ['PUT', '/api/v1/buckets/photos', undefined, 'application/json'],
    ['POST', '/upload', 'application/json', 'multipart/form-data'],
    ['POST', '/api/v1/files/upload', undefined, 'multipart/form-data'],
    ['DELETE', '/api/v1/buckets/default/files/a', 'text/plain', 'no body'],
  ] as const) {
    it(`hears what came and what is taken: ${method} ${path} of ${type}`, async () => {
      await using door = await TestDoor.open()
      const headers = type === undefined ? {} : { 'content-type': type }
      const heard = await door.ask(method, path, { body: 'versionId=1', headers })
      const { code, detail, details } = heard.problem()
      assert.equal(heard.status, 415)
      assert.equal(code, 'unsupported_media_type')
      assert.deepEqual(details, { came: type ?? 'nothing', taken })
      assert.equal(detail, `this request takes ${taken}, and its Content-Type says ${type ?? 'nothing'}`)
    })
  }

  it('hears no more of it than fits a line', async () => {
    await using door = await TestDoor.open()
    const headers = { 'content-type': `a/${'b'.repeat(5000)}` }
    const { detail } = (await door.ask('POST', RESTORE, { body: 'x', headers })).problem()
    assert.ok(String(detail).length < 400)
  })

  it('is contents of any type, but not of what is none', async () => {
    await using door = await TestDoor.open()
    const put = (type: string) =>
      door.ask('PUT', '/api/v1/buckets/default/files/a', { body: 'x', headers: { 'content-type': type } })
    for (const type of ['jpeg', 'image/', 'image jpeg']) {
      const { code, detail } = (await put(type)).problem()
      assert.equal(code, 'bad_request', type)
      assert.equal(detail, `Content-Type is a type such as image/jpeg, not ${type}`)
    }
    assert.equal((await put('x-made/up')).status, 201)
  })
})
