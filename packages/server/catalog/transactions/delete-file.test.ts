import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeClock } from '@holdfast/core/clocks/clock-bytes.ts'
import { chunkNamed, hashOf, TestCatalog } from '../test-catalog.test-support.ts'
import { type DeleteFileArgs, type DeleteFileResult, deleteFile } from './delete-file.ts'
import { getFile, getFileById } from './get-file.ts'
import { getVersion } from './get-version.ts'

const a = chunkNamed('a')

function remove(catalog: TestCatalog, path: string, given: Partial<DeleteFileArgs> = {}): DeleteFileResult {
  const args = { bucket: catalog.bucket, path, version: catalog.ids.next(), preconditions: {}, versionsKept: 100 }
  return catalog.run(deleteFile, { ...args, change: catalog.change(), ...given })
}

describe('deleteFile', () => {
  it('leaves a deletion marker, and the history', () => {
    using catalog = new TestCatalog()
    const put = catalog.put('x', a)
    const { file, version } = remove(catalog, 'x')
    assert.equal(file, put.file)
    assert.equal(catalog.run(getFile, { bucket: catalog.bucket, path: 'x' }), null)
    const marker = catalog.run(getVersion, { file, version })
    assert.deepEqual([marker?.kind, marker?.size, marker?.sha256, marker?.chunk], ['deleted', 0, null, null])
    assert.deepEqual(
      [...decodeClock(marker?.clock ?? new Uint8Array())].sort(),
      [
        [catalog.gateway, 1],
        [catalog.bucket, 1],
      ].sort(),
    )
    assert.equal(catalog.count('SELECT refs FROM chunks'), 1)
    const row = catalog.run(getFileById, { file })
    assert.deepEqual([row?.deleted, row?.version, row?.size, row?.sha256], [true, version, 4096, hashOf('x')])
  })

  it('finds no file, no bucket, and no version that If-Match names', () => {
    using catalog = new TestCatalog()
    assert.throws(() => remove(catalog, 'x'), { code: 'file_not_found' })
    assert.throws(() => remove(catalog, 'x', { bucket: catalog.ids.next() }), { code: 'bucket_not_found' })
    const { version } = catalog.put('x', a)
    const wrong = { preconditions: { ifMatch: [catalog.ids.next()] } }
    assert.throws(() => remove(catalog, 'x', wrong), { code: 'precondition_failed' })
    remove(catalog, 'x', { preconditions: { ifMatch: [version] } })
    assert.throws(() => remove(catalog, 'x'), { code: 'file_not_found' })
  })

  it('answers a key again as it did', () => {
    using catalog = new TestCatalog()
    catalog.put('x', a)
    const idempotency = { keyHash: hashOf('key'), bodySha256: hashOf('') }
    const first = remove(catalog, 'x', { idempotency })
    assert.deepEqual(remove(catalog, 'x', { idempotency }), first)
    const other = { idempotency: { ...idempotency, bodySha256: hashOf('other') } }
    assert.throws(() => remove(catalog, 'x', other), { code: 'idempotency_mismatch' })
  })
})
