/**
 * The server's memory is bounded, whatever it is asked for. The peak is the kernel's own (`VmHWM`), counted anew for each case.
 * `HOLDFAST_MEMORY_BYTES` is the length of the large file: 10 GiB in the bench.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { contentOf, contentPieces, digestOf } from './contents.ts'
import { filePath } from './http-client.ts'
import { ServerProcess } from './server-process.ts'

const MiB = 1024 * 1024
/**
 * What the bench holds against each of these too. A run took 286, 340 and 308 MiB, and a first start, which translates the sources, takes
 * 45 more.
 */
const RESIDENT_BYTES_MAX = 400 * MiB
const LARGE_BYTES = Number(process.env['HOLDFAST_MEMORY_BYTES'] ?? 1024 * MiB)
const UPLOADS = 64
const UPLOAD_BYTES = 8 * MiB
const SLOW_BEGUN_BYTES = 6 * MiB
const SLOW_BYTES = 2048
const SLOW_BEGUN_MS = 15_000
const FAST_BYTES = 64 * MiB
const FAST_MS_MAX = 30_000
const READERS = 64
const READ_EVERY_MS = 1000
const READ_BYTES = 1024
const READ_SECONDS = 8
/** Longer than all first bytes take, and shorter than an idle connection lives. */
const BEGUN_MS_MAX = 30_000
const TEST_MS_MAX = 600_000

/** What the process held at most since it was last asked. */
async function peakBytes(server: ServerProcess): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? []
  // 5 sets the peak back to what is held now.
  await writeFile(`/proc/${server.pid}/clear_refs`, '5')
  return Number(kilobytes) * 1024
}

async function within(t: TestContext, server: ServerProcess, what: string): Promise<void> {
  const peak = await peakBytes(server)
  t.diagnostic(`${what}: ${Math.round(peak / MiB)} MiB resident at most`)
  assert.ok(peak <= RESIDENT_BYTES_MAX, `${what}: ${Math.round(peak / MiB)} MiB`)
}

describe('memory', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  it('is bounded for a large file, up and down', { timeout: 10 * TEST_MS_MAX }, async (t) => {
    await using server = await ServerProcess.start()
    await within(t, server, 'start')
    const headers = { 'content-length': String(LARGE_BYTES) }
    const stored = await server.client.put('large', contentPieces(1, LARGE_BYTES), { headers })
    assert.equal(stored.status, 201, stored.body.toString())
    await within(t, server, `${LARGE_BYTES / MiB} MiB up`)
    const answer = await server.client.open('GET', filePath('large'))
    const [read, made] = [createHash('sha256'), createHash('sha256')]
    for await (const piece of answer) read.update(piece)
    for await (const piece of contentPieces(1, LARGE_BYTES)) made.update(piece)
    assert.equal(read.digest('hex'), made.digest('hex'))
    await within(t, server, `${LARGE_BYTES / MiB} MiB down`)
  })

  it(`is bounded for ${UPLOADS} uploads at once`, { timeout: TEST_MS_MAX }, async (t) => {
    await using server = await ServerProcess.start()
    const headers = { 'content-length': String(UPLOAD_BYTES) }
    const uploads = Array.from({ length: UPLOADS }, (_, seed) =>
      server.client.put(`file ${seed}`, contentPieces(seed, UPLOAD_BYTES), { headers }),
    )
    for (const { status, body } of await Promise.all(uploads)) assert.equal(status, 201, body.toString())
    await within(t, server, `${UPLOADS} uploads of ${UPLOAD_BYTES / MiB} MiB`)
    const { body } = await server.client.get(`file ${UPLOADS - 1}`)
    assert.equal(digestOf(body), digestOf(contentOf(UPLOADS - 1, UPLOAD_BYTES)))
  })

  it(`is bounded for ${UPLOADS} slow uploads, which hold up no fast one`, { timeout: TEST_MS_MAX }, async (t) => {
    await using server = await ServerProcess.start()
    await peakBytes(server)
    const headers = { 'content-length': String(UPLOAD_BYTES) }
    const { promise: end, resolve: goOn } = Promise.withResolvers<void>()
    const slow = Array.from({ length: UPLOADS }, (_, seed) =>
      server.client.put(`slow ${seed}`, slowPieces(seed, end), { headers }),
    )
    await sleep(SLOW_BEGUN_MS)
    await within(t, server, `${UPLOADS} uploads at ${SLOW_BYTES} bytes a second`)
    const beganMs = performance.now()
    const fast = { 'content-length': String(FAST_BYTES) }
    assert.equal((await server.client.put('fast', contentPieces(99, FAST_BYTES), { headers: fast })).status, 201)
    const tookMs = performance.now() - beganMs
    t.diagnostic(`${FAST_BYTES / MiB} MiB beside them took ${Math.round(tookMs)} ms`)
    assert.ok(tookMs < FAST_MS_MAX, `${tookMs} ms`)
    await within(t, server, 'a fast upload beside them')
    goOn()
    for (const { status, body } of await Promise.all(slow)) assert.equal(status, 201, body.toString())
    const { body } = await server.client.get('slow 0')
    assert.equal(digestOf(body), digestOf(contentOf(0, UPLOAD_BYTES)))
  })

  it(`is bounded for ${READERS} slow readers`, { timeout: TEST_MS_MAX }, async (t) => {
    await using server = await ServerProcess.start()
    const length = 64 * MiB
    const headers = { 'content-length': String(length) }
    assert.equal((await server.client.put('slow', contentPieces(1, length), { headers })).status, 201)
    await peakBytes(server)
    const signal = AbortSignal.timeout(BEGUN_MS_MAX)
    const opened = await Promise.allSettled(
      Array.from({ length: READERS }, () => server.client.open('GET', filePath('slow'), { signal })),
    )
    const answers = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    await within(t, server, `the first bytes of ${answers.length} readers`)
    assert.equal(answers.length, READERS, 'each reader has its first bytes, however slow the others are')
    await Promise.all(answers.map(readSlowly))
    await within(t, server, `${READERS} readers at ${READ_BYTES} bytes a second`)
    // Nobody else waits for them.
    const quick = contentOf(2, 100_000)
    assert.equal((await server.client.put('quick', quick)).status, 201)
    assert.deepEqual((await server.client.get('quick')).body, quick)
    for (const answer of answers) answer.destroy()
  })
})

/** More than a window at once, then next to nothing, and in the end all the rest. */
async function* slowPieces(seed: number, end: Promise<void>): AsyncGenerator<Buffer> {
  const body = contentOf(seed, UPLOAD_BYTES)
  let isOver = false
  const over = end.then(() => {
    isOver = true
  })
  yield body.subarray(0, SLOW_BEGUN_BYTES)
  let at = SLOW_BEGUN_BYTES
  for (; !isOver; at += SLOW_BYTES) {
    yield body.subarray(at, at + SLOW_BYTES)
    await Promise.race([sleep(1000), over])
  }
  yield body.subarray(at)
}

async function readSlowly(answer: IncomingMessage): Promise<void> {
  answer.on('error', () => undefined)
  for (let second = 0; second < READ_SECONDS; second++) {
    answer.read(READ_BYTES)
    await sleep(READ_EVERY_MS)
  }
}
