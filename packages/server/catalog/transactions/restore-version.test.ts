import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asSha256, type Id } from '@holdfast/core/wire/ids.ts'
import { chunkNamed, pageOf, TestCatalog } from '../test-catalog.test-support.ts'
import { deleteFile } from './delete-file.ts'
import { getFile } from './get-file.ts'
import { getVersion, history } from './get-version.ts'
import { moveFile } from './move-file.ts'
import { recount } from './recount.ts'
import { type RestoreVersionArgs, type RestoreVersionResult, restoreVersion } from './restore-version.ts'

const [a, b] = [chunkNamed('a'), chunkNamed('b')]

function restore(
  catalog: TestCatalog,
  file: Id,
  version: Id,
  more: Partial<RestoreVersionArgs> = {},
): RestoreVersionResult {
  const args = { file, version, newVersion: catalog.ids.next(), versionsKept: 100, preconditions: {} }
  return catalog.run(restoreVersion, { ...args, change: catalog.change(), ...more })
}

function remove(catalog: TestCatalog, path: string): Id {
  const args = { bucket: catalog.bucket, path, version: catalog.ids.next(), preconditions: {}, versionsKept: 100 }
  return catalog.run(deleteFile, { ...args, change: catalog.change() }).version
}

describe('restoreVersion', () => {
  it('makes a new version with the contents of an old one', () => {
    using catalog = new TestCatalog()
    const [first, second] = [catalog.put('x', a), catalog.put('x', b)]
    const row = restore(catalog, first.file, first.version)
    assert.deepEqual([row.file, row.path], [first.file, 'x'])
    assert.equal(row.version > second.version, true)
    assert.equal(catalog.run(getVersion, row)?.chunk, a)
    assert.equal(catalog.run(getFile, { bucket: catalog.bucket, path: 'x' })?.version, row.version)
    assert.equal(catalog.count('SELECT max(refs) FROM chunks'), 2)
    assert.equal(catalog.count("SELECT count(*) FROM outbox WHERE type = 'file.restored'"), 1)
  })

  it('holds pages again', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    catalog.commitStripe({ session, chunks: [a, b] })
    const pages = [pageOf([a]), pageOf([b])]
    const first = catalog.commitVersion('x', { sessions: [session.session], pages })
    catalog.put('x', b)
    restore(catalog, first.file, first.version, { versionsKept: 1 })
    assert.equal(catalog.run(history, { file: first.file, limit: 10 }).length, 1)
    assert.equal(catalog.count('SELECT sum(refs) FROM pages'), 2)
    for (const pass of ['chunks', 'pages', 'versions'] as const) {
      assert.deepEqual(catalog.run(recount, { after: { pass, key: '' }, limit: 100 }).differences, [])
    }
  })

  it('brings a deleted file back to its path', () => {
    using catalog = new TestCatalog()
    const { file, version } = catalog.put('x', a)
    const marker = remove(catalog, 'x')
    assert.throws(() => restore(catalog, file, marker), { code: 'version_not_found' })
    const row = restore(catalog, file, version)
    assert.equal(catalog.run(getFile, { bucket: catalog.bucket, path: 'x' })?.version, row.version)
    assert.equal(catalog.count('SELECT count(*) FROM deleted_files'), 0)
  })

  it('restores only where the newest version is the one that is expected', () => {
    using catalog = new TestCatalog()
    const [first, second] = [catalog.put('x', a), catalog.put('x', b)]
    const [file, old, now] = [first.file, first.version, second.version]
    const unmet = { code: 'precondition_failed' }
    assert.throws(() => restore(catalog, file, old, { preconditions: { ifMatch: [old] } }), unmet)
    assert.throws(() => restore(catalog, file, old, { preconditions: { ifNoneMatch: ['*'] } }), unmet)
    restore(catalog, file, old, { preconditions: { ifMatch: [now] } })
    remove(catalog, 'x')
    assert.throws(() => restore(catalog, file, old, { preconditions: { ifMatch: ['*'] } }), unmet)
    restore(catalog, file, old, { preconditions: { ifNoneMatch: ['*'] } })
    assert.equal(catalog.run(history, { file, limit: 10 }).length, 5)
  })

  it('makes one version under one key, which comes before what the request expects', () => {
    using catalog = new TestCatalog()
    const [{ file, version }, second] = [catalog.put('x', a), catalog.put('x', b)]
    const idempotency = { keyHash: asSha256('1'.repeat(64)), bodySha256: asSha256('2'.repeat(64)) }
    const more = { idempotency, preconditions: { ifMatch: [second.version] } }
    const once = restore(catalog, file, version, more)
    assert.deepEqual(restore(catalog, file, version, more), once)
    assert.equal(catalog.run(history, { file, limit: 10 }).length, 3)
    const other = { ...idempotency, bodySha256: asSha256('3'.repeat(64)) }
    assert.throws(() => restore(catalog, file, version, { idempotency: other }), { code: 'idempotency_mismatch' })
  })

  it('refuses a path that another file has, and what is not there', () => {
    using catalog = new TestCatalog()
    const { file, version } = catalog.put('x', a)
    catalog.put('y', b)
    remove(catalog, 'x')
    const change = catalog.change()
    catalog.run(moveFile, { bucket: catalog.bucket, from: 'y', to: 'x', overwrite: false, preconditions: {}, change })
    assert.throws(() => restore(catalog, file, version), {
      code: 'conflict',
      message: /^a file is at .+: move or delete that first$/,
    })
    assert.throws(() => restore(catalog, file, catalog.ids.next()), { code: 'version_not_found' })
    assert.throws(() => restore(catalog, catalog.ids.next(), version), { code: 'file_not_found' })
  })
})
