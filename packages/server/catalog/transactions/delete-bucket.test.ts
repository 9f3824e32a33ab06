import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chunkNamed, TestCatalog } from '../test-catalog.test-support.ts'
import { deleteBucket } from './delete-bucket.ts'
import { deleteFile } from './delete-file.ts'
import { readPlan } from './read-plan.ts'

function remove(catalog: TestCatalog, force: boolean): boolean {
  return catalog.run(deleteBucket, { name: 'default', force, change: catalog.change() }).done
}

describe('deleteBucket', () => {
  it('deletes an empty bucket with its keys', () => {
    using catalog = new TestCatalog()
    assert.equal(remove(catalog, false), true)
    assert.equal(catalog.count('SELECT count(*) FROM buckets'), 0)
    assert.equal(catalog.count('SELECT count(*) FROM bucket_keys'), 0)
    assert.throws(() => remove(catalog, false), { code: 'bucket_not_found' })
  })

  it('refuses one with files unless forced', () => {
    using catalog = new TestCatalog()
    catalog.put('x', chunkNamed('a'))
    assert.throws(() => remove(catalog, false), { code: 'bucket_not_empty' })
    assert.equal(remove(catalog, true), true)
    for (const table of ['files', 'versions', 'chunk_refs'])
      assert.equal(catalog.count(`SELECT count(*) FROM ${table}`), 0)
    assert.equal(catalog.count('SELECT count(*) FROM chunks WHERE refs = 0 AND holder_id IS NULL'), 1)
  })

  it('counts a bucket of deleted files as empty, and drops their history', () => {
    using catalog = new TestCatalog()
    catalog.put('x', chunkNamed('a'))
    const args = { bucket: catalog.bucket, path: 'x', version: catalog.ids.next(), preconditions: {}, versionsKept: 9 }
    catalog.run(deleteFile, { ...args, change: catalog.change() })
    assert.equal(remove(catalog, false), true)
    for (const table of ['deleted_files', 'versions']) assert.equal(catalog.count(`SELECT count(*) FROM ${table}`), 0)
  })

  it('works in batches, and a file that is half dropped can still be read', () => {
    using catalog = new TestCatalog()
    const path = 'x'
    for (let version = 0; version < 700; version++) catalog.commitVersion(path, { versionsKept: 10_000 })
    for (let file = 0; file < 500; file++) catalog.commitVersion(`w${file}`, {})
    let calls = 0
    for (let done = false; !done; calls++) {
      done = remove(catalog, true)
      const orphans =
        'SELECT count(*) FROM files f WHERE NOT EXISTS (SELECT 1 FROM versions v WHERE v.version_id = f.version_id)'
      assert.equal(catalog.count(orphans), 0)
      if (!done) assert.notEqual(catalog.run(readPlan, { bucket: catalog.bucket, path }), null)
    }
    assert.equal(calls, 3)
    assert.equal(catalog.count('SELECT count(*) FROM versions'), 0)
  })
})
