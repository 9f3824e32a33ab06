import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  deletedFilePageSchema,
  deletionSchema,
  fileAnswerSchema,
  fileDetailSchema,
  filePageSchema,
  folderMovedSchema,
} from '@holdfast/core/wire/rest/file.ts'
import { PAGE_ITEMS_MAX } from '@holdfast/core/wire/rest/page.ts'
import { versionPageSchema } from '@holdfast/core/wire/rest/version.ts'
import { TestDoor } from '../rest.test-support.ts'

async function stored(...paths: string[]): Promise<{ door: TestDoor; ids: string[] }> {
  const door = await TestDoor.open()
  const ids: string[] = []
  for (const path of paths) ids.push((await door.put(path, path)).as(fileAnswerSchema).fileId)
  return { door, ids }
}

const listed = async (door: TestDoor, query: string) => {
  const page = (await door.ask('GET', `/api/v1/files?${query}`)).as(filePageSchema)
  return {
    names: page.items.map((item) => ('path' in item ? item.path : `${item.prefix}…`)),
    nextCursor: page.nextCursor,
  }
}

describe('a list of files', () => {
  it('comes page by page, folder by folder, or searched', async () => {
    const { door, ids } = await stored('a/1', 'a/2', 'b', 'c/1', 'd')
    await using _door = door
    assert.deepEqual((await listed(door, '')).names, ['a/1', 'a/2', 'b', 'c/1', 'd'])
    assert.deepEqual((await listed(door, 'bucket=default&delimiter=/')).names, ['a/…', 'b', 'c/…', 'd'])
    assert.deepEqual((await listed(door, 'prefix=a%2F')).names, ['a/1', 'a/2'])
    assert.deepEqual((await listed(door, 'q=A/')).names, ['a/1', 'a/2'])
    await door.ask('PATCH', `/api/v1/files/${ids[2]}`, { body: { tags: { colour: 'red=ish' } } })
    assert.deepEqual((await listed(door, 'tag=colour%3Dred%3Dish')).names, ['b'])
    const first = await listed(door, 'delimiter=/&limit=2')
    assert.deepEqual(first.names, ['a/…', 'b'])
    const rest = await listed(door, `delimiter=/&limit=2&cursor=${encodeURIComponent(first.nextCursor ?? '')}`)
    assert.deepEqual(rest, { names: ['c/…', 'd'], nextCursor: null })
  })

  it('has a largest page, and refuses queries that it does not know', async () => {
    await using door = await TestDoor.open()
    const code = async (query: string) => (await door.ask('GET', `/api/v1/files?${query}`)).problem().code
    assert.equal((await door.ask('GET', `/api/v1/files?limit=${PAGE_ITEMS_MAX}`)).status, 200)
    assert.equal(await code(`limit=${PAGE_ITEMS_MAX + 1}`), 'limit_exceeded')
    assert.equal(await code(`prefix=${'x'.repeat(1025)}`), 'limit_exceeded')
    for (const query of [
      'limit=0',
      'limit=-1',
      'limit=1e2',
      'limit=',
      'perfix=a',
      'prefix=%ff',
      'prefix=%00',
      'tag=x',
      'limit=1&limit=2',
    ]) {
      assert.equal(await code(query), 'bad_request', query)
    }
    assert.equal(await code('bucket=none'), 'bucket_not_found')
  })
})

describe('a file by its id', () => {
  it('is described, renamed, moved and tagged', async () => {
    const { door, ids } = await stored('a', 'b')
    await using _door = door
    const at = `/api/v1/files/${ids[0]}`
    assert.equal((await door.ask('GET', at)).as(fileDetailSchema).path, 'a')
    const patch = (body: object) => door.ask('PATCH', at, { body })
    const both = (await patch({ path: 'folder/a', tags: { colour: 'red' } })).as(fileDetailSchema)
    assert.deepEqual([both.path, both.tags], ['folder/a', { colour: 'red' }])
    assert.equal((await patch({ path: 'b' })).problem().code, 'conflict')
    assert.equal((await patch({ path: 'b', overwrite: true })).as(fileDetailSchema).path, 'b')
    assert.deepEqual((await patch({ tags: {} })).as(fileDetailSchema).tags, {})
    for (const body of [
      {},
      { overwrite: true },
      { path: '../x' },
      { path: 'a\u0000' },
      { path: '\ud800' },
      { tags: { a: 1 } },
      { name: 'x' },
    ]) {
      assert.equal((await patch(body)).problem().code, 'bad_request', JSON.stringify(body))
    }
  })

  it('has a history, and older versions come back', async () => {
    const { door, ids } = await stored('a')
    await using _door = door
    await door.put('a', 'second')
    const deleted = (await door.ask('DELETE', '/api/v1/buckets/default/files/a')).as(deletionSchema)
    assert.equal(deleted.fileId, ids[0])
    const at = `/api/v1/files/${ids[0]}`
    assert.equal((await door.ask('GET', at)).as(fileDetailSchema).deleted, true)
    const history = (await door.ask('GET', `${at}/history`)).as(versionPageSchema)
    assert.deepEqual(
      history.items.map(({ kind, size }) => [kind, size]),
      [
        ['deleted', 0],
        ['content', 6],
        ['content', 1],
      ],
    )
    const page = (await door.ask('GET', `${at}/history?limit=2`)).as(versionPageSchema)
    assert.equal(page.items.length, 2)
    const rest = (await door.ask('GET', `${at}/history?limit=2&cursor=${page.nextCursor}`)).as(versionPageSchema)
    assert.equal(rest.items.length, 1)
    const restored = await door.ask('POST', `${at}/restore`, { body: { versionId: history.items[2]?.versionId } })
    assert.equal(restored.headers.etag, `"${restored.as(fileAnswerSchema).versionId}"`)
    assert.equal((await door.get('a')).body.toString(), 'a')
    const marker = await door.ask('POST', `${at}/restore`, { body: { versionId: deleted.versionId } })
    assert.equal(marker.problem().code, 'version_not_found')
    const noId = (await door.ask('POST', `${at}/restore`, { body: { versionId: 'x' } })).problem()
    assert.equal(noId.code, 'bad_request')
    assert.match(noId.detail, /versionId: an id is 32 hexadecimal digits/)
  })

  it('is changed only in the version that If-Match names, and restored once under one Idempotency-Key', async () => {
    const { door, ids } = await stored('a')
    await using _door = door
    const old = (await door.ask('HEAD', '/api/v1/buckets/default/files/a')).headers.etag ?? ''
    const etag = (await door.put('a', 'second')).headers.etag ?? ''
    const at = `/api/v1/files/${ids[0]}`
    const restore = (headers: Record<string, string>) =>
      door.ask('POST', `${at}/restore`, { body: { versionId: JSON.parse(old) }, headers })
    for (const headers of [{ 'if-match': old }, { 'if-none-match': etag }]) {
      for (const body of [{ path: 'b' }, { tags: { x: 'y' } }]) {
        assert.equal((await door.ask('PATCH', at, { body, headers })).problem().code, 'precondition_failed')
      }
      assert.equal((await restore(headers)).problem().code, 'precondition_failed')
    }
    const asRead = (await door.ask('GET', at)).as(fileDetailSchema)
    assert.deepEqual([asRead.path, asRead.tags, asRead.size], ['a', {}, 6])
    const patched = await door.ask('PATCH', at, { body: { path: 'b', tags: {} }, headers: { 'if-match': etag } })
    assert.equal(patched.status, 200)
    const once = await restore({ 'if-match': etag, 'idempotency-key': 'k' })
    assert.deepEqual((await restore({ 'if-match': etag, 'idempotency-key': 'k' })).body, once.body)
    assert.equal((await door.ask('GET', `${at}/history`)).as(versionPageSchema).items.length, 3)
    assert.equal((await restore({ 'if-match': 'x' })).problem().code, 'bad_request')
    assert.equal((await restore({ 'idempotency-key': 'a b' })).problem().code, 'bad_request')
  })

  it('is not found under what is no id', async () => {
    await using door = await TestDoor.open()
    for (const id of ['0'.repeat(32), 'x', 'upload', '%2e%2e', 'A'.repeat(32)]) {
      for (const rest of ['', '/history']) {
        const { status } = await door.ask('GET', `/api/v1/files/${id}${rest}`)
        assert.equal(status, id === 'upload' && rest === '' ? 405 : 404, id + rest)
      }
    }
  })
})

describe('a deletion', () => {
  it('may expect a version', async () => {
    const { door } = await stored('a')
    await using _door = door
    const remove = (headers = {}) => door.ask('DELETE', '/api/v1/buckets/default/files/a', { headers })
    assert.equal((await remove({ 'if-match': '"x"' })).problem().code, 'precondition_failed')
    assert.equal((await remove({ 'idempotency-key': 'a b' })).problem().code, 'bad_request')
    assert.equal((await remove({ 'if-match': '*' })).status, 200)
    assert.equal((await remove()).problem().code, 'file_not_found')
  })
})

describe('deleted files', () => {
  it('are listed by their paths, with what restores them', async () => {
    const { door, ids } = await stored('a/1', 'a/2', 'b')
    await using _door = door
    const list = async (query = '') =>
      (await door.ask('GET', `/api/v1/files/deleted?${query}`)).as(deletedFilePageSchema).items
    assert.deepEqual(await list(), [])
    for (const path of ['a/2', 'b']) await door.ask('DELETE', `/api/v1/buckets/default/files/${path}`)
    assert.deepEqual(
      (await list('bucket=default')).map(({ path }) => path),
      ['a/2', 'b'],
    )
    const [found] = await list('prefix=a%2F2')
    assert.equal(found?.fileId, ids[1])
    const body = { versionId: found?.versionId }
    assert.equal((await door.ask('POST', `/api/v1/files/${found?.fileId}/restore`, { body })).status, 200)
    assert.equal((await door.get('a/2')).body.toString(), 'a/2')
    assert.deepEqual(await list('prefix=a'), [])
    const code = async (query: string) => (await door.ask('GET', `/api/v1/files/deleted?${query}`)).problem().code
    assert.equal(await code('bucket=none'), 'bucket_not_found')
    assert.equal(await code('q=a'), 'bad_request')
  })
})

describe('a folder', () => {
  it('is renamed with all that is in it', async () => {
    const { door } = await stored('a/1', 'a/b/2', 'ab')
    await using _door = door
    const move = (body: object) => door.ask('POST', '/api/v1/folders/move', { body })
    assert.equal((await move({ bucket: 'default', from: 'a/', to: 'z/y/' })).as(folderMovedSchema).moved, 2)
    assert.deepEqual(door.floor.paths, ['default/ab', 'default/z/y/1', 'default/z/y/b/2'])
    assert.equal((await move({ bucket: 'default', from: 'z/y/', to: '' })).as(folderMovedSchema).moved, 2)
    for (const body of [
      { bucket: 'default', from: 'a', to: 'b/' },
      { bucket: 'default', from: 'a/', to: 'b' },
      { bucket: 'default', from: '', to: 'b/' },
      { bucket: 'default', from: 'a/', to: '../' },
      { bucket: 'default', from: 'a/', to: '/' },
      { from: 'a/', to: 'b/' },
    ]) {
      assert.equal((await move(body)).problem().code, 'bad_request', JSON.stringify(body))
    }
    assert.equal((await move({ bucket: 'none', from: 'a/', to: 'b/' })).problem().code, 'bucket_not_found')
    const gone = (await move({ bucket: 'default', from: 'gone/', to: 'b/' })).problem()
    assert.deepEqual([gone.code, gone.status], ['file_not_found', 404])
  })
})
