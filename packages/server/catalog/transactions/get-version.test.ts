import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chunkNamed, TestCatalog } from '../test-catalog.test-support.ts'
import { getVersion, history } from './get-version.ts'

describe('history', () => {
  it('goes back from the newest version, page by page', () => {
    using catalog = new TestCatalog()
    const versions = ['a', 'b', 'c', 'd', 'e'].map((name) => catalog.put('x', chunkNamed(name)))
    const file = versions[0]?.file ?? catalog.ids.next()
    const newest = versions.map(({ version }) => version).reverse()
    const first = catalog.run(history, { file, limit: 3 }).map(({ version }) => version)
    assert.deepEqual(first, newest.slice(0, 3))
    const before = first.at(-1) ?? catalog.ids.next()
    assert.deepEqual(
      catalog.run(history, { file, before, limit: 3 }).map(({ version }) => version),
      newest.slice(3),
    )
  })

  it('knows nothing of what is not there', () => {
    using catalog = new TestCatalog()
    const [file, version] = [catalog.ids.next(), catalog.ids.next()]
    assert.deepEqual(catalog.run(history, { file, limit: 3 }), [])
    assert.equal(catalog.run(getVersion, { file, version }), null)
  })
})
