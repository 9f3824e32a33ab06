import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestCatalog } from '../test-catalog.test-support.ts'
import { listFiles } from './list-files.ts'
import { moveFolder } from './move-folder.ts'

function paths(catalog: TestCatalog): string[] {
  const { items } = catalog.run(listFiles, { bucket: catalog.bucket, prefix: '', limit: 1000 })
  return items.map((item) => (item.kind === 'file' ? item.path : item.prefix))
}

function move(catalog: TestCatalog, fromPrefix: string, toPrefix: string, limit = 10_000): number {
  return catalog.run(moveFolder, { bucket: catalog.bucket, fromPrefix, toPrefix, limit, change: catalog.change() })
    .moved
}

function filled(...names: string[]): TestCatalog {
  const catalog = new TestCatalog()
  for (const name of names) catalog.commitVersion(name, {})
  return catalog
}

describe('moveFolder', () => {
  it('gives every path below a prefix another beginning', () => {
    using catalog = filled('a', 'a/1', 'a/sub/\u{10ffff}', 'a0', 'b/2')
    assert.equal(move(catalog, 'a/', 'c/d/'), 2)
    assert.deepEqual(paths(catalog), ['a', 'a0', 'b/2', 'c/d/1', 'c/d/sub/\u{10ffff}'])
  })

  it('moves a folder into itself and out again', () => {
    using catalog = filled('a/1', 'a/a/1')
    assert.equal(move(catalog, 'a/', 'a/a/'), 2)
    assert.deepEqual(paths(catalog), ['a/a/1', 'a/a/a/1'])
    assert.equal(move(catalog, 'a/a/', 'a/'), 2)
    assert.deepEqual(paths(catalog), ['a/1', 'a/a/1'])
  })

  it('moves nothing where a target exists or there are too many', () => {
    using catalog = filled('a/1', 'a/2', 'b/2')
    assert.throws(() => move(catalog, 'a/', 'b/'), {
      code: 'conflict',
      message: 'a file is at b/2; a folder replaces none',
    })
    assert.throws(() => move(catalog, 'a/', 'c/', 1), { code: 'limit_exceeded' })
    assert.throws(() => move(catalog, 'a/', `${'c'.repeat(1023)}/`), { code: 'limit_exceeded' })
    assert.equal(move(catalog, 'a/', 'c/', 2), 2)
    for (const to of ['d/', 'gone/']) {
      assert.throws(() => move(catalog, 'gone/', to), {
        code: 'file_not_found',
        message: 'there is no folder gone/: no path begins with it',
      })
    }
    assert.deepEqual(paths(catalog), ['b/2', 'c/1', 'c/2'])
  })

  it('moves more files than one statement names', () => {
    using catalog = filled(...Array.from({ length: 600 }, (_, index) => `a/${index}`))
    assert.equal(move(catalog, 'a/', 'b/'), 600)
    assert.equal(paths(catalog).filter((path) => path.startsWith('b/')).length, 600)
  })
})
