import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeClock } from '@holdfast/core/clocks/clock-bytes.ts'
import { asId } from '@holdfast/core/wire/ids.ts'
import { chunkNamed, hashOf, pageOf, TestCatalog } from '../test-catalog.test-support.ts'
import { commitVersion } from './commit-version.ts'
import { condemn } from './condemn.ts'
import { deleteFile } from './delete-file.ts'
import { endSession, endSessionsOf } from './end-session.ts'
import { getFile } from './get-file.ts'
import { getVersion, history } from './get-version.ts'
import { reap } from './reap.ts'
import { recount } from './recount.ts'

const [a, b, c] = [chunkNamed('a'), chunkNamed('b'), chunkNamed('c')]

function remove(catalog: TestCatalog, path: string): void {
  const args = { bucket: catalog.bucket, path, version: catalog.ids.next(), preconditions: {}, versionsKept: 100 }
  catalog.run(deleteFile, { ...args, change: catalog.change() })
}

function refs(catalog: TestCatalog): Record<string, unknown> {
  const rows = catalog.engine.query('SELECT chunk_id, refs FROM chunks')
  return Object.fromEntries(
    rows.map((row) => [Buffer.from(row['chunk_id'] as Uint8Array).toString('hex'), row['refs']]),
  )
}

function assertCountsHold(catalog: TestCatalog): void {
  for (const pass of ['chunks', 'pages', 'versions'] as const) {
    const { differences } = catalog.run(recount, { after: { pass, key: '' }, limit: 1000 })
    assert.deepEqual(differences, [])
  }
}

describe('commitVersion', () => {
  it('makes a new file, and a new version of it', () => {
    using catalog = new TestCatalog()
    const first = catalog.put('a/b', a)
    assert.deepEqual([first.created, first.replaced], [true, null])
    const second = catalog.put('a/b', b)
    assert.deepEqual(second, { file: first.file, version: second.version, created: false, replaced: first.version })
    const row = catalog.run(getFile, { bucket: catalog.bucket, path: 'a/b' })
    assert.deepEqual([row?.file, row?.version, row?.size], [first.file, second.version, 4096])
    const version = catalog.run(getVersion, { file: first.file, version: second.version })
    assert.deepEqual([version?.kind, version?.chunk, version?.strategy], ['content', b, 'direct'])
    assert.deepEqual([...decodeClock(version?.clock ?? new Uint8Array())], [[catalog.gateway, 2]])
    assertCountsHold(catalog)
  })

  it('makes an empty file of no chunks', () => {
    using catalog = new TestCatalog()
    const made = catalog.commitVersion('empty', { sessions: [] })
    assert.equal(catalog.run(getVersion, made)?.size, 0)
  })

  it('asks six statements for a new lone chunk', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    catalog.commitStripe({ session, chunks: [a] })
    const asked = catalog.statementsOf(() => catalog.commitVersion('x', { sessions: [session.session], chunk: a }))
    assert.equal(asked.length, 6)
  })

  it('requires every session to be alive', () => {
    using catalog = new TestCatalog()
    const [alive, ended] = [catalog.openSession(), catalog.openSession()]
    catalog.commitStripe({ session: alive, chunks: [a] })
    catalog.run(endSession, { session: ended.session })
    const sessions = [alive.session, ended.session]
    assert.throws(() => catalog.commitVersion('x', { sessions, chunk: a }), { code: 'session_ended' })
    const twice = [alive.session, alive.session]
    assert.equal(catalog.commitVersion('x', { sessions: twice, chunk: a }).created, true)
  })

  it('refuses in a fixed order: session, precondition, bucket, chunk', () => {
    using catalog = new TestCatalog()
    const sessions = [catalog.ids.nextSession()]
    const wrong = { sessions, bucket: catalog.ids.next(), preconditions: { ifMatch: ['*'] as const }, chunk: a }
    assert.throws(() => catalog.commitVersion('x', wrong), { code: 'session_ended' })
    assert.throws(() => catalog.commitVersion('x', { ...wrong, sessions: [] }), { code: 'precondition_failed' })
    const unconditional = { ...wrong, sessions: [], preconditions: {} }
    assert.throws(() => catalog.commitVersion('x', unconditional), { code: 'bucket_not_found' })
    assert.throws(() => catalog.commitVersion('x', { chunk: a }), { code: 'conflict' })
  })

  it('compares If-Match and If-None-Match with the current version', () => {
    using catalog = new TestCatalog()
    const stranger = catalog.ids.next()
    const put = (preconditions: object) => catalog.put('x', a, { preconditions })
    assert.throws(() => put({ ifMatch: ['*'] }), { code: 'precondition_failed' })
    const { version } = put({ ifNoneMatch: ['*'] })
    assert.throws(() => put({ ifNoneMatch: ['*'] }), { code: 'precondition_failed' })
    assert.throws(() => put({ ifNoneMatch: [stranger, version] }), { code: 'precondition_failed' })
    assert.throws(() => put({ ifMatch: [stranger] }), { code: 'precondition_failed' })
    assert.throws(() => put({ ifMatch: [] }), { code: 'precondition_failed' })
    put({ ifMatch: [stranger, version], ifNoneMatch: [stranger] })
    remove(catalog, 'x')
    assert.throws(() => put({ ifMatch: ['*'] }), { code: 'precondition_failed' })
    assert.equal(put({ ifNoneMatch: ['*'] }).created, true)
  })

  it('gives the answer again under the same key and body, before it looks at anything else', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    catalog.commitStripe({ session, chunks: [a] })
    const idempotency = { keyHash: hashOf('key'), bodySha256: hashOf('body') }
    const args = { sessions: [session.session], chunk: a, idempotency, preconditions: { ifNoneMatch: ['*'] as const } }
    const first = catalog.commitVersion('x', args)
    catalog.run(endSessionsOf, {})
    assert.deepEqual(catalog.commitVersion('x', args), first)
    const other = { ...idempotency, bodySha256: hashOf('another body') }
    assert.throws(() => catalog.commitVersion('x', { ...args, idempotency: other }), { code: 'idempotency_mismatch' })
    assert.equal(catalog.count('SELECT count(*) FROM versions'), 1)
    assert.equal(catalog.count('SELECT status FROM idempotency'), 201)
    const [row] = catalog.engine.query('SELECT answer FROM idempotency')
    const answer: Record<string, unknown> = JSON.parse(String(row?.['answer']))
    assert.deepEqual(
      [answer['path'], answer['size'], answer['sha256'], answer['strategy']],
      ['x', 4096, hashOf('x'), 'direct'],
    )
  })

  it('brings back the file that was deleted last at its path', () => {
    using catalog = new TestCatalog()
    const { file } = catalog.put('x', a)
    remove(catalog, 'x')
    const again = catalog.put('x', b)
    assert.deepEqual([again.file, again.created, again.replaced], [file, true, null])
    assert.equal(catalog.count('SELECT count(*) FROM deleted_files'), 0)
    const kinds = catalog.run(history, { file, limit: 10 }).map((version) => version.kind)
    assert.deepEqual(kinds, ['content', 'deleted', 'content'])
    const { clock } = catalog.run(history, { file, limit: 1 })[0] ?? { clock: new Uint8Array() }
    assert.deepEqual(decodeClock(clock).get(catalog.gateway), 2)
  })

  it('keeps ids growing where the gateway before had a faster clock', () => {
    using catalog = new TestCatalog()
    const ahead = asId(`ffffff${catalog.ids.next().slice(6)}`)
    const first = catalog.put('x', a, { version: ahead })
    const second = catalog.put('x', b)
    assert.equal(second.version > first.version, true)
    assert.equal(catalog.run(history, { file: first.file, limit: 1 })[0]?.chunk, b)
  })

  it('clears a condemned mark of what it reuses', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    catalog.commitStripe({ session, chunks: [a] })
    catalog.run(endSession, { session: session.session })
    const later = catalog.openSession()
    catalog.run(condemn, { nowMs: catalog.nowMs, limit: 10 })
    catalog.commitVersion('x', { sessions: [later.session], chunk: a })
    catalog.run(endSessionsOf, {})
    assert.equal(catalog.run(reap, { limit: 10, nowMs: 0 }).chunks, 0)
    assert.deepEqual(refs(catalog), { [a]: 1 })
    assert.equal(catalog.count('SELECT count(*) FROM chunks WHERE condemned IS NULL'), 1)
  })

  it('lets versions share pages, each chunk counted once a page', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    catalog.commitStripe({ session, chunks: [a, b, c] })
    const [first, second] = [pageOf([a, b, a]), pageOf([c])]
    const args = { sessions: [session.session], pages: [first, second, first] }
    catalog.commitVersion('x', args)
    catalog.commitVersion('y', args)
    assert.deepEqual(refs(catalog), { [a]: 1, [b]: 1, [c]: 1 })
    assert.equal(catalog.count('SELECT sum(refs) FROM pages'), 4)
    catalog.commitVersion('y', { sessions: [session.session], pages: [second], versionsKept: 1 })
    assert.equal(catalog.count('SELECT sum(refs) FROM pages'), 3)
    const unknown = { ...pageOf([b]), entries: null }
    assert.throws(() => catalog.commitVersion('z', { pages: [unknown] }), { code: 'conflict' })
    assertCountsHold(catalog)
  })

  it('drops what is beyond the versions kept, deletion markers not counted', () => {
    using catalog = new TestCatalog()
    const versionsKept = 2
    const { file } = catalog.put('x', a, { versionsKept })
    catalog.put('x', b, { versionsKept })
    remove(catalog, 'x')
    assert.equal(catalog.run(history, { file, limit: 10 }).length, 3)
    catalog.put('x', c, { versionsKept })
    const kept = catalog.run(history, { file, limit: 10 }).map((version) => version.chunk)
    assert.deepEqual(kept, [c, null, b])
    assert.deepEqual(refs(catalog), { [a]: 0, [b]: 1, [c]: 1 })
    assertCountsHold(catalog)
  })

  it('refuses a shape that no version has', () => {
    using catalog = new TestCatalog()
    const page = pageOf([a])
    for (const given of [
      { chunk: a, size: 0 },
      { size: 1 },
      { chunk: a, pages: [page] },
      { pages: [page], size: 1 },
      { chunk: a, versionsKept: 0 },
    ]) {
      assert.throws(() => catalog.commitVersion('x', given), { name: 'AssertionError' })
    }
  })

  it('records the change', () => {
    using catalog = new TestCatalog()
    const args = catalog.version('x', {})
    const { file, version } = catalog.run(commitVersion, args)
    const [row] = catalog.engine.query("SELECT * FROM outbox WHERE type = 'file.changed'")
    assert.equal(Buffer.from(row?.['subject'] as Uint8Array).toString('hex'), file)
    assert.deepEqual(JSON.parse(String(row?.['data'])), { path: 'x', version, size: 0, created: true })
    assert.deepEqual([row?.['actor'], row?.['request_id'], row?.['number']], ['admin', 'request', null])
  })
})
