import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileAnswerSchema, fileDetailSchema, filePageSchema } from '@holdfast/core/wire/rest/file.ts'
import { TestDoor } from '../rest.test-support.ts'

const form = (fields: string) => ({
  body: `${fields}--XX--\r\n`,
  headers: { 'content-type': 'multipart/form-data; boundary=XX' },
})
const file = (name: string, contents: string) =>
  `--XX\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n${contents}\r\n`
const path = (value: string) => `--XX\r\nContent-Disposition: form-data; name="path"\r\n\r\n${value}\r\n`

describe('the paths for a first try', () => {
  it('store, list, give back and describe a file of the bucket default', async () => {
    await using door = await TestDoor.open()
    const stored = await door.ask('POST', '/upload', form(file('hello.txt', 'hello')))
    assert.equal(stored.status, 201)
    assert.equal(stored.as(fileAnswerSchema).path, 'hello.txt')
    assert.equal(stored.headers.location, '/api/v1/buckets/default/files/hello.txt')
    await door.ask('POST', '/upload', form(path('a/b/c.txt') + file('x', 'deep')))
    const listed = (await door.ask('GET', '/files')).as(filePageSchema)
    assert.deepEqual(
      listed.items.map((item) => 'path' in item && item.path),
      ['a/b/c.txt', 'hello.txt'],
    )
    assert.equal((await door.ask('GET', '/files?prefix=a/')).as(filePageSchema).items.length, 1)
    assert.equal((await door.ask('GET', '/download/hello.txt')).body.toString(), 'hello')
    const range = await door.ask('GET', '/download/a/b/c.txt', { headers: { range: 'bytes=1-2' } })
    assert.equal(range.status, 206)
    assert.equal(range.body.toString(), 'ee')
    const head = await door.ask('HEAD', '/download/hello.txt')
    assert.equal(head.status, 200)
    assert.equal(head.headers['content-length'], '5')
    assert.equal(head.headers.etag, (await door.ask('GET', '/download/hello.txt')).headers.etag)
    assert.equal((await door.ask('HEAD', '/download/none')).status, 404)
    const described = (await door.ask('GET', '/metadata/a/b/c.txt')).as(fileDetailSchema)
    assert.equal(described.size, 4)
    assert.equal((await door.ask('POST', '/upload', form(file('hello.txt', 'again')))).status, 200)
  })

  it('say of several files how each went: what was stored is never answered as a refusal', async () => {
    await using door = await TestDoor.open()
    const answer = await door.ask('POST', '/upload', form(file('a', 'x') + file('b', 'y')))
    assert.equal(answer.status, 207)
    const { items }: { items: { status: number }[] } = JSON.parse(answer.body.toString())
    assert.deepEqual(
      items.map(({ status }) => status),
      [201, 201],
    )
    assert.equal((await door.ask('GET', '/download/b')).status, 200)
  })

  it('note a file that failed among others', async () => {
    await using door = await TestDoor.open()
    const answer = await door.ask('POST', '/upload', form(file('a', 'x') + path('../b') + file('b', 'y')))
    assert.equal(answer.status, 207)
    assert.equal(door.logged.filter((line) => JSON.parse(line).code === 'bad_request').length, 1)
  })

  it('refuse a form without a file, or with a bad name', async () => {
    await using door = await TestDoor.open()
    assert.equal((await door.ask('POST', '/upload', form(''))).problem().code, 'bad_request')
    assert.equal((await door.ask('POST', '/upload', form(path('../x') + file('a', 'x')))).problem().code, 'bad_request')
    assert.equal((await door.ask('GET', '/download/none')).problem().code, 'file_not_found')
    assert.equal((await door.ask('GET', '/metadata/none')).problem().code, 'file_not_found')
    assert.equal((await door.ask('GET', '/download/..%2f..%2fetc%2fpasswd')).problem().code, 'bad_request')
  })
})
