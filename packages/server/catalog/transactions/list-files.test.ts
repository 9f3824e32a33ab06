import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TestCatalog } from '../test-catalog.test-support.ts'
import { LISTED_ITEMS_MAX, type ListedItem, type ListFilesArgs, listFiles, SEARCHED_ROWS_MAX } from './list-files.ts'
import { setTags } from './set-tags.ts'

function filled(paths: readonly string[]): TestCatalog {
  const catalog = new TestCatalog()
  for (const path of paths) catalog.commitVersion(path, {})
  return catalog
}

function name(item: ListedItem): string {
  return item.kind === 'file' ? item.path : `${item.prefix}…`
}

/** All pages, one behind the other. */
function list(catalog: TestCatalog, given: Partial<ListFilesArgs>): string[] {
  const names: string[] = []
  let after: string | null = null
  do {
    const args: ListFilesArgs = { bucket: catalog.bucket, prefix: '', limit: LISTED_ITEMS_MAX, ...given }
    const { items, more, next }: ReturnType<typeof page> = page(catalog, after === null ? args : { ...args, after })
    assert.equal(more, next !== null)
    assert.equal(items.length <= args.limit, true)
    names.push(...items.map(name))
    after = next
  } while (after !== null)
  return names
}

function page(catalog: TestCatalog, args: ListFilesArgs) {
  return catalog.run(listFiles, args)
}

/** What `listFiles` should answer, from the sorted paths. */
function expected(paths: readonly string[], prefix: string, delimiter: string): string[] {
  const sorted = paths
    .filter((path) => path.startsWith(prefix))
    .sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)))
  const names = sorted.map((path) => {
    const at = delimiter === '' ? -1 : path.indexOf(delimiter, prefix.length)
    return at === -1 ? path : `${path.slice(0, at + delimiter.length)}…`
  })
  return [...new Set(names)]
}

const HARD = [
  ...['a', 'a/', 'a//', 'a//x', 'a/b', 'a/b/c', 'a/\x7f', 'a/\u0080', 'a0', 'a\x7f', 'a\u0080/x', 'b/1', 'b/2', 'b/3'],
  ...[
    'é/x',
    'z\u{10ffff}',
    'z\u{10ffff}/\u{10ffff}',
    '\u{10ffff}',
    '\u{10ffff}/',
    '\u{10ffff}\u{10ffff}',
    '\uffff/a',
    '😀/😀',
  ],
  ...Array.from({ length: 40 }, (_, index) => `many/${index}`),
  ...Array.from({ length: 40 }, (_, index) => `flat-${index}`),
]

describe('listFiles', () => {
  it('lists in byte order, whatever the prefix, the delimiter and the page', () => {
    using catalog = filled(HARD)
    for (const prefix of [
      '',
      'a',
      'a/',
      'a//',
      'b/',
      'many/',
      'z',
      'é',
      '\u{10ffff}',
      '\u{10ffff}/',
      '\u{10ffff}\u{10ffff}',
      'none',
    ]) {
      for (const delimiter of ['', '/', '//', '\u{10ffff}', '\x7f', '😀']) {
        const names = expected(HARD, prefix, delimiter)
        for (const limit of [1, 2, 3, 7, LISTED_ITEMS_MAX]) {
          const given = delimiter === '' ? { prefix, limit } : { prefix, limit, delimiter }
          assert.deepEqual(list(catalog, given), names, JSON.stringify(given))
        }
      }
    }
  })

  it('goes on behind a cursor that is no item itself', () => {
    using catalog = filled(HARD)
    const names = (given: Partial<ListFilesArgs>) =>
      page(catalog, { bucket: catalog.bucket, prefix: '', limit: 2, ...given }).items.map(name)
    assert.deepEqual(names({ after: 'b/15' }), ['b/2', 'b/3'])
    assert.deepEqual(names({ after: 'b/15', delimiter: '/' }), ['flat-0', 'flat-1'])
    assert.deepEqual(names({ prefix: 'b/', after: 'a' }), ['b/1', 'b/2'])
    assert.deepEqual(names({ prefix: 'b/', after: 'c' }), [])
  })

  it('tells a file from the folder of the same name', () => {
    using catalog = filled(['a', 'a/'])
    assert.deepEqual(list(catalog, { delimiter: '/' }), ['a', 'a/…'])
    assert.deepEqual(list(catalog, { prefix: 'a/', delimiter: '/' }), ['a/'])
  })

  it('seeks past a common prefix: about one statement an item, few rows', () => {
    const paths = ['a', 'b', 'c', 'd'].flatMap((folder) =>
      Array.from({ length: 300 }, (_, index) => `${folder}/${index}`),
    )
    using catalog = filled(paths)
    let rows = 0
    catalog.intercept = ({ statement, ask }) => {
      const answered = ask(statement)
      rows += answered.length
      return answered
    }
    let result: string[] = []
    const statements = catalog.statementsOf(() => {
      result = list(catalog, { delimiter: '/' })
    })
    assert.deepEqual(result, ['a/…', 'b/…', 'c/…', 'd/…'])
    assert.equal(statements.length <= result.length + 1, true, `${statements.length} statements`)
    assert.equal(rows <= 2 * result.length, true, `${rows} rows`)
  })

  it('reads in runs where the items are files', () => {
    using catalog = filled(Array.from({ length: 600 }, (_, index) => `f${index}`))
    const statements = catalog.statementsOf(() => list(catalog, { delimiter: '/' }))
    assert.equal(statements.length <= 12, true, `${statements.length} statements`)
    assert.equal(catalog.statementsOf(() => list(catalog, {})).length, 1)
  })

  it('finds parts of paths in any case', () => {
    using catalog = filled(['Docs/Report.pdf', 'docs/other', 'x/REPORT', 'y'])
    assert.deepEqual(list(catalog, { q: 'report' }), ['Docs/Report.pdf', 'x/REPORT'])
    assert.deepEqual(list(catalog, { q: 'report', prefix: 'x/' }), ['x/REPORT'])
    assert.deepEqual(list(catalog, { q: 'o', limit: 1 }), ['Docs/Report.pdf', 'docs/other', 'x/REPORT'])
    const args = { bucket: catalog.bucket, prefix: '', limit: 1, q: 'o', delimiter: '/' }
    assert.throws(() => page(catalog, args), { code: 'bad_request' })
  })

  it('searches a bounded number of rows in a call', () => {
    const count = SEARCHED_ROWS_MAX + 500
    using catalog = filled(Array.from({ length: count }, (_, index) => `f${index}`).concat('last'))
    const first = page(catalog, { bucket: catalog.bucket, prefix: '', limit: 10, q: 'last' })
    assert.deepEqual([first.items.length, first.more], [0, true])
    assert.deepEqual(list(catalog, { q: 'last' }), ['last'])
  })

  it('lists by tag', () => {
    using catalog = filled([])
    const paths = ['c', 'b/1', 'a', 'B/2']
    for (const path of paths) {
      const { file } = catalog.commitVersion(path, {})
      catalog.run(setTags, { file, tags: { kind: 'invoice', path }, preconditions: {}, change: catalog.change() })
    }
    catalog.commitVersion('d', {})
    const tag = { key: 'kind', value: 'invoice' }
    assert.deepEqual(list(catalog, { tag }), paths)
    assert.deepEqual(list(catalog, { tag, limit: 1 }), paths)
    assert.deepEqual(list(catalog, { tag, prefix: 'b/' }), ['b/1'])
    assert.deepEqual(list(catalog, { tag, q: 'b' }), ['b/1', 'B/2'])
    assert.deepEqual(list(catalog, { tag: { key: 'path', value: 'a' } }), ['a'])
    assert.deepEqual(list(catalog, { tag: { key: 'kind', value: 'x' } }), [])
    const args = { bucket: catalog.bucket, prefix: '', limit: 1, tag, after: 'a path' }
    assert.throws(() => page(catalog, args), { code: 'bad_request' })
  })
})
