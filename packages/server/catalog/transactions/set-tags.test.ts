import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestCatalog } from '../test-catalog.test-support.ts'
import { getFileById } from './get-file.ts'
import { setTags } from './set-tags.ts'

describe('setTags', () => {
  it('sets all tags of a file', () => {
    using catalog = new TestCatalog()
    const { file } = catalog.commitVersion('x', {})
    assert.deepEqual(catalog.run(getFileById, { file })?.tags, {})
    catalog.run(setTags, { file, tags: { kind: 'invoice', year: '2026' }, change: catalog.change() })
    assert.deepEqual(catalog.run(getFileById, { file })?.tags, { kind: 'invoice', year: '2026' })
    catalog.run(setTags, { file, tags: { ['__proto__']: 'a tag like any other' }, change: catalog.change() })
    assert.deepEqual(Object.entries(catalog.run(getFileById, { file })?.tags ?? {}), [
      ['__proto__', 'a tag like any other'],
    ])
  })

  it('finds no file that is not there', () => {
    using catalog = new TestCatalog()
    const args = { file: catalog.ids.next(), tags: {}, change: catalog.change() }
    assert.throws(() => catalog.run(setTags, args), { code: 'file_not_found' })
    assert.equal(catalog.run(getFileById, { file: args.file }), null)
  })
})
