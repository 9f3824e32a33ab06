import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Preconditions } from '@holdfast/core/wire/preconditions.ts'
import type { FileRow } from '../rows.ts'
import { chunkNamed, TestCatalog } from '../test-catalog.test-support.ts'
import { getFile, getFileById } from './get-file.ts'
import { history } from './get-version.ts'
import { moveFile } from './move-file.ts'

const [a, b] = [chunkNamed('a'), chunkNamed('b')]

function move(
  catalog: TestCatalog,
  from: string,
  to: string,
  overwrite = false,
  preconditions: Preconditions = {},
): FileRow {
  const { bucket } = catalog
  return catalog.run(moveFile, { bucket, from, to, overwrite, preconditions, change: catalog.change() })
}

describe('moveFile', () => {
  it('gives a file another path, with its id and its history', () => {
    using catalog = new TestCatalog()
    const put = catalog.put('x', a)
    const row = move(catalog, 'x', 'dir/y')
    assert.deepEqual([row.path, row.file, row.version], ['dir/y', put.file, put.version])
    assert.equal(catalog.run(getFile, { bucket: catalog.bucket, path: 'x' }), null)
    assert.equal(catalog.run(history, { file: put.file, limit: 10 }).length, 1)
    assert.equal(catalog.count("SELECT count(*) FROM outbox WHERE type = 'file.moved'"), 1)
  })

  it('refuses a target that exists, or gives it a deletion marker first', () => {
    using catalog = new TestCatalog()
    const [moved, target] = [catalog.put('x', a), catalog.put('y', b)]
    assert.throws(() => move(catalog, 'x', 'y'), {
      code: 'conflict',
      message: 'a file is at y; overwrite: true replaces it',
    })
    const row = move(catalog, 'x', 'y', true)
    assert.equal(row.file, moved.file)
    const buried = catalog.run(getFileById, { file: target.file })
    assert.deepEqual([buried?.deleted, buried?.path], [true, 'y'])
    const kinds = catalog.run(history, { file: target.file, limit: 10 }).map((version) => version.kind)
    assert.deepEqual(kinds, ['deleted', 'content'])
  })

  it('moves only the version that is expected', () => {
    using catalog = new TestCatalog()
    const [old, { version }] = [catalog.put('x', a), catalog.put('x', b)]
    for (const unmet of [{ ifMatch: [old.version] }, { ifNoneMatch: [version] }, { ifNoneMatch: ['*' as const] }]) {
      assert.throws(() => move(catalog, 'x', 'y', false, unmet), { code: 'precondition_failed' })
    }
    assert.equal(move(catalog, 'x', 'y', false, { ifMatch: [version], ifNoneMatch: [old.version] }).path, 'y')
  })

  it('changes nothing where a file moves onto itself, and finds no file that is not there', () => {
    using catalog = new TestCatalog()
    const { file } = catalog.put('x', a)
    assert.equal(move(catalog, 'x', 'x').file, file)
    assert.throws(() => move(catalog, 'gone', 'y'), { code: 'file_not_found' })
    assert.equal(catalog.count("SELECT count(*) FROM outbox WHERE type = 'file.moved'"), 0)
  })
})
