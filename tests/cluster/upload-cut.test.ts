/**
 * An upload that ends in its middle, by `kill -9` or because its client went, leaves nothing behind: after collection the nodes hold
 * exactly the shards that the catalog names, and what was acknowledged before is whole. `HOLDFAST_CUT_BYTES` is the upload's length.
 */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { contentOf, contentPieces } from './contents.ts'
import { filePath } from './http-client.ts'
import { ServerProcess } from './server-process.ts'
import { Stored } from './stored.ts'

const UPLOAD_BYTES = Number(process.env['HOLDFAST_CUT_BYTES'] ?? 200 * 1024 * 1024)
const CUT_AT = 0.6
const KEPT_BYTES = 3 * 1024 * 1024
const TEST_MS_MAX = 300_000

interface CutUpload {
  /** `direct` commits its stripes with the version, so that a cut leaves shards of no stripe; `chunked` commits them as it goes. */
  readonly strategy: 'direct' | 'chunked'
  readonly cut: (server: ServerProcess, client: AbortController) => Promise<unknown>
}

async function cutUpload(t: TestContext, { strategy, cut }: CutUpload): Promise<void> {
  await using server = await ServerProcess.start()
  const kept = contentOf(1, KEPT_BYTES)
  assert.equal((await server.client.put('kept', kept)).status, 201)
  const client = new AbortController()
  let cutting: Promise<unknown> | undefined
  async function* body(): AsyncGenerator<Buffer> {
    let sentBytes = 0
    for await (const piece of contentPieces(2, UPLOAD_BYTES)) {
      yield piece
      sentBytes += piece.length
      if (sentBytes >= UPLOAD_BYTES * CUT_AT) cutting ??= cut(server, client)
    }
  }
  const headers = { 'content-length': String(UPLOAD_BYTES), 'holdfast-strategy': strategy }
  await assert.rejects(server.client.put('cut', body(), { headers, signal: client.signal }))
  await cutting
  // A start after the cut ends what the one before had open.
  await server.kill()
  await server.start()
  assert.deepEqual(await server.client.list(), ['kept'])
  await server.stop()
  {
    await using stored = await Stored.open(server.data)
    const before = await stored.compare()
    assert.ok(before.bytes > UPLOAD_BYTES * CUT_AT * 0.5, `the upload had come to the nodes: ${before.bytes} bytes`)
    if (strategy === 'direct') assert.ok(before.debris.length > 0, 'shards of no stripe')
    await stored.collect()
    const after = await stored.compare()
    t.diagnostic(
      `${before.shards} shards before (${before.debris.length} in no stripe), ${after.shards} after collection`,
    )
    assert.deepEqual(after.debris, [])
    assert.deepEqual(after.lacking, [])
    assert.ok(after.bytes < KEPT_BYTES * 2, `only what was kept is left: ${after.bytes} bytes`)
  }
  await server.start()
  assert.deepEqual((await server.client.get('kept')).body, kept)
}

const killed = (server: ServerProcess): Promise<unknown> => server.kill()

async function left(server: ServerProcess, client: AbortController): Promise<void> {
  client.abort()
  // The server goes on for others.
  assert.equal((await server.client.put('meanwhile', contentOf(3, 1000))).status, 201)
  assert.ok((await server.client.ask('DELETE', filePath('meanwhile'))).status < 300)
}

describe('an upload that ends in its middle leaves no debris', { timeout: 4 * TEST_MS_MAX }, () => {
  for (const strategy of ['chunked', 'direct'] as const) {
    it(`after kill -9 (${strategy})`, { timeout: TEST_MS_MAX }, async (t) => cutUpload(t, { strategy, cut: killed }))
    it(`after its client went (${strategy})`, { timeout: TEST_MS_MAX }, async (t) =>
      cutUpload(t, { strategy, cut: left }),
    )
  }
})
