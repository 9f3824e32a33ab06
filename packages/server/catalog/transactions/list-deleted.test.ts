import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestCatalog } from '../test-catalog.test-support.ts'
import { deleteFile } from './delete-file.ts'
import { type ListDeletedArgs, listDeleted } from './list-deleted.ts'
import { moveFile } from './move-file.ts'

function deleted(catalog: TestCatalog, path: string, versionsKept = 100): void {
  const { bucket } = catalog
  const args = { bucket, path, version: catalog.ids.next(), preconditions: {}, versionsKept, change: catalog.change() }
  catalog.run(deleteFile, args)
}

const listed = (catalog: TestCatalog, args: Partial<ListDeletedArgs> = {}) =>
  catalog.run(listDeleted, { bucket: catalog.bucket, prefix: '', limit: 1000, ...args })

describe('listDeleted', () => {
  it('has what went, as it last was, and not what is there', () => {
    using catalog = new TestCatalog()
    for (const path of ['a/1', 'a/2', 'b']) catalog.commitVersion(path, {})
    const { file, version } = catalog.commitVersion('a/2', {})
    for (const path of ['a/2', 'b']) deleted(catalog, path)
    const { items, more } = listed(catalog)
    assert.deepEqual([items.map(({ path }) => path), more], [['a/2', 'b'], false])
    assert.deepEqual([items[0]?.file, items[0]?.version], [file, version], 'the version is the one to restore')
    assert.equal(items[0]?.deletedAt, catalog.nowMs)
    assert.deepEqual(
      listed(catalog, { prefix: 'a/' }).items.map(({ path }) => path),
      ['a/2'],
    )
    catalog.commitVersion('b', {})
    assert.equal(listed(catalog, { prefix: 'b' }).items.length, 0, 'what is written again is there')
  })

  it('comes in pages, also where one path has had several files', () => {
    using catalog = new TestCatalog()
    for (const path of ['a', 'b', 'b/', 'c']) {
      catalog.commitVersion(path, {})
      deleted(catalog, path)
    }
    catalog.commitVersion('elsewhere', {})
    const { bucket } = catalog
    const move = { bucket, from: 'elsewhere', to: 'b', overwrite: false, preconditions: {} }
    catalog.run(moveFile, { ...move, change: catalog.change() })
    deleted(catalog, 'b')
    const whole = listed(catalog).items
    assert.deepEqual(
      whole.map(({ path }) => path),
      ['a', 'b', 'b', 'b/', 'c'],
    )
    const paged = []
    for (let page = listed(catalog, { limit: 1 }); ; ) {
      paged.push(...page.items)
      const after = page.items.at(-1)
      if (!page.more || after === undefined) break
      page = listed(catalog, { limit: 1, after })
    }
    assert.deepEqual(paged, whole)
  })

  it('has what is to be restored also where one version is kept', () => {
    using catalog = new TestCatalog()
    const { version } = catalog.commitVersion('a', {})
    deleted(catalog, 'a', 1)
    assert.equal(listed(catalog).items[0]?.version, version)
  })
})
