import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Preconditions } from '@holdfast/core/wire/preconditions.ts'
import { TestCatalog } from '../test-catalog.test-support.ts'
import { getFileById } from './get-file.ts'
import { setTags } from './set-tags.ts'

describe('setTags', () => {
  it('sets all tags of a file', () => {
    using catalog = new TestCatalog()
    const { file } = catalog.commitVersion('x', {})
    assert.deepEqual(catalog.run(getFileById, { file })?.tags, {})
    catalog.run(setTags, { file, tags: { kind: 'invoice', year: '2026' }, preconditions: {}, change: catalog.change() })
    assert.deepEqual(catalog.run(getFileById, { file })?.tags, { kind: 'invoice', year: '2026' })
    const tags = { ['__proto__']: 'a tag like any other' }
    catalog.run(setTags, { file, tags, preconditions: {}, change: catalog.change() })
    assert.deepEqual(Object.entries(catalog.run(getFileById, { file })?.tags ?? {}), [
      ['__proto__', 'a tag like any other'],
    ])
  })

  it('sets them only in the version that is expected', () => {
    using catalog = new TestCatalog()
    const [old, { file, version }] = [catalog.commitVersion('x', {}), catalog.commitVersion('x', {})]
    const set = (preconditions: Preconditions): void =>
      catalog.run(setTags, { file, tags: { a: 'b' }, preconditions, change: catalog.change() })
    assert.throws(() => set({ ifMatch: [old.version] }), { code: 'precondition_failed' })
    assert.throws(() => set({ ifNoneMatch: [version] }), { code: 'precondition_failed' })
    assert.deepEqual(catalog.run(getFileById, { file })?.tags, {})
    set({ ifMatch: [version] })
    assert.deepEqual(catalog.run(getFileById, { file })?.tags, { a: 'b' })
  })

  it('finds no file that is not there', () => {
    using catalog = new TestCatalog()
    const args = { file: catalog.ids.next(), tags: {}, preconditions: {}, change: catalog.change() }
    assert.throws(() => catalog.run(setTags, args), { code: 'file_not_found' })
    assert.equal(catalog.run(getFileById, { file: args.file }), null)
  })
})
