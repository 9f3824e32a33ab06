/** The program as a person meets it: what it says when it cannot start, how drives are named, and how it ends. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { contentOf } from '../../tests/cluster/contents.ts'
import { filePath, HttpClient } from '../../tests/cluster/http-client.ts'
import { type Ended, Run, ServerProcess } from '../../tests/cluster/server-process.ts'
import { SmallFileSystem, whyNoSmallFileSystem } from './seams/small-file-system.test-support.ts'

const TEST_MS_MAX = 120_000
/** Exit codes. */
const BAD_CONFIGURATION = 7
const CONFLICT = 11
const UPLOAD_BYTES = 10_000_000

const runs: Run[] = []

/** A run that does not outlive the tests, whatever happens to them. */
function launch(server: ServerProcess, ...given: string[]): Run {
  const begun = new Run(['up', '--data', server.data, ...given])
  runs.push(begun)
  return begun
}

after(() => {
  for (const each of runs) each.signal('SIGKILL')
})

async function started(server: ServerProcess, ...more: string[]): Promise<Run> {
  const begun = launch(server, '--port', '0', ...more)
  await begun.ready()
  return begun
}

/** A refusal of the configuration, unless another exit code is expected. */
async function refused(server: ServerProcess, ...more: string[]): Promise<string> {
  return await refusedWith(BAD_CONFIGURATION, server, ...more)
}

async function refusedWith(exitCode: number, server: ServerProcess, ...more: string[]): Promise<string> {
  const { code, stderr } = await launch(server, ...more).ended
  assert.equal(code, exitCode, stderr)
  assert.doesNotMatch(stderr, /^\s+at .*\.ts:\d+/m, 'a person reads a sentence, not a stack')
  return stderr
}

async function ended(run: Run): Promise<Ended> {
  run.signal('SIGTERM')
  return await run.ended
}

describe('a start that cannot be', { timeout: TEST_MS_MAX }, () => {
  it('names the process that uses the directory, its address, and how to end it', async () => {
    await using server = await ServerProcess.start()
    const address = (await readFile(join(server.data, 'run/gateway.address'), 'utf8')).trim()
    assert.match(address, /^http:\/\/127\.0\.0\.1:\d+$/)
    const said = await refusedWith(CONFLICT, server)
    assert.ok(said.includes(`another process uses ${server.data}: process ${server.pid} at ${address}\n`), said)
    assert.ok(said.includes(`\nnpm stop -- --data ${server.data} ends it\n`), said)
  })

  it('names the port that is taken', async () => {
    await using server = await ServerProcess.make()
    await using other = createServer()
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const said = await refusedWith(CONFLICT, server, '--port', String(port))
    assert.match(said, new RegExp(`^port ${port} of 127\\.0\\.0\\.1 is taken by another program: .*--port`, 'm'))
  })

  it('says what is in the way of its directory', async () => {
    await using server = await ServerProcess.start()
    const said = await new Run(['up', '--data', join(server.data, 'admin.key')]).ended
    assert.equal(said.code, BAD_CONFIGURATION)
    assert.match(said.stderr, /^\/.*admin\.key is a file or a link to nothing: --data names a directory\n$/)
  })
})

describe('a first start with drives', { timeout: TEST_MS_MAX }, () => {
  it('makes nothing at all where one of them cannot be one', async () => {
    await using server = await ServerProcess.make()
    const beside = (name: string): string => join(server.data, '..', name)
    await mkdir(beside('photos'))
    await writeFile(join(beside('photos'), 'a.jpg'), '')
    for (const [drives, sentence] of [
      [['a', 'photos'], /photos holds a\.jpg: a new drive is made in an empty directory/],
      [['a', 'mistyped/b'], /mistyped\/b cannot be made, for there is no directory .*mistyped: mount or make/],
      [['a', 'a/b'], /a\/b lies in .*a: --drives names a directory for each drive/],
    ] as const) {
      assert.match(await refused(server, '--port', '0', '--drives', drives.map(beside).join()), sentence)
      assert.deepEqual(await readdir(join(server.data, '..')), ['photos'])
    }
    const run = await started(server, '--drives', beside('a'))
    assert.match((await ended(run)).stderr, /\/a was not there and is made, for a new drive/)
    const said = await refused(server, '--port', '0', '--drives', `${beside('a')},${beside('photos')}`)
    assert.match(said, /drive-2 at .*photos: .*photos holds a\.jpg/)
    assert.deepEqual(await readdir(beside('photos')), ['a.jpg'])
  })

  it('says that a disk is mounted read-only, or too small', { skip: whyNoSmallFileSystem() }, async () => {
    using small = SmallFileSystem.mount('1m')
    const data = join(small.path, 'data')
    const refusal = async (): Promise<string> => (await new Run(['up', '--data', data, '--port', '0']).ended).stderr
    assert.match(
      await refusal(),
      /^the disk of the catalog has \d+ bytes left and writes stop at \d+: make room on it$/m,
    )
    await rm(data, { recursive: true })
    execFileSync('mount', ['-o', 'remount,ro', small.path])
    assert.match(await refusal(), /^\/.*\/data: it is mounted read-only: mount it writable, .*\(mkdir EROFS\)$/m)
  })
})

describe('the number of drives', { timeout: TEST_MS_MAX }, () => {
  it('is the one before where none is given, may grow, and may not shrink', async () => {
    await using server = await ServerProcess.make()
    const nodesOf = async (run: Run): Promise<number> => {
      const answer = await fetch(`http://127.0.0.1:${await run.ready()}/health`)
      // What the server's own schema says of it.
      const { nodes } = (await answer.json()) as { nodes: { state: string }[] }
      assert.ok(nodes.every(({ state }) => state === 'online'))
      return nodes.length
    }
    for (const [given, count] of [
      [['--nodes', '3'], 3],
      [[], 3],
      [['--nodes', '4'], 4],
      [[], 4],
    ] as const) {
      const run = await started(server, ...given)
      assert.equal(await nodesOf(run), count)
      assert.equal((await ended(run)).code, 0)
    }
    for (const given of [
      ['--nodes', '2'],
      ['--drives', `${server.drive(1)},${server.drive(2)}`],
    ]) {
      assert.match(await refused(server, '--port', '0', ...given), /^there are 4 drives .* without drive-3, drive-4: /m)
    }
    const run = await started(server)
    assert.equal(await nodesOf(run), 4, 'what was refused has changed nothing')
    await ended(run)
  })

  it('is warned of where it is below five, and so is a device that they share', async () => {
    await using server = await ServerProcess.make()
    const few = (await ended(await started(server, '--nodes', '3'))).stderr
    assert.equal(few.match(/there are 3 drives, fewer than 5/g)?.length, 1, few)
    assert.equal(few.match(/all 3 drives lie on one device: when it dies, everything is lost/g)?.length, 1, few)
    assert.doesNotMatch((await ended(await started(server, '--nodes', '5'))).stderr, /fewer than/)
  })

  it('may stay while all of them are elsewhere, which is said', async () => {
    await using server = await ServerProcess.make()
    const elsewhere = (name: string): string => join(server.data, '..', name)
    await ended(await started(server, '--drives', `${elsewhere('a')},${elsewhere('b')}`))
    const { stderr } = await ended(await started(server))
    assert.match(stderr, /not one drive is where it was looked for; .*--drives/)
    const found = await ended(await started(server, '--drives', `${elsewhere('a')},${elsewhere('b')}`))
    assert.doesNotMatch(found.stderr, /not one drive/)
  })

  it('are known by what is on them, in whatever order they are named', async () => {
    await using server = await ServerProcess.make()
    const bytes = contentOf(1, 100_000)
    const named = (...drives: number[]): string[] => ['--drives', drives.map((drive) => server.drive(drive)).join()]
    const client = async (run: Run): Promise<HttpClient> =>
      new HttpClient(await run.ready(), (await readFile(join(server.data, 'admin.key'), 'utf8')).trim())
    const first = await started(server, ...named(1, 2, 3, 4, 5))
    assert.equal((await (await client(first)).put('a', bytes)).status, 201)
    await ended(first)
    const again = await started(server, ...named(5, 3, 6, 1, 2, 4))
    assert.deepEqual((await (await client(again)).get('a')).body, bytes)
    const health = await fetch(`http://127.0.0.1:${await again.ready()}/health`)
    // What the server's own schema says of it.
    const { nodes } = (await health.json()) as { nodes: { state: string }[] }
    assert.deepEqual(
      nodes.map(({ state }) => state),
      Array(6).fill('online'),
    )
    assert.doesNotMatch((await ended(again)).stderr, /is away/)
  })

  it('names the directory of a new drive that holds another already', async () => {
    await using server = await ServerProcess.start()
    await using other = await ServerProcess.start()
    await other.stop()
    const said = await refused(
      other,
      '--port',
      '0',
      '--drives',
      [1, 2, 3, 4, 5]
        .map((n) => other.drive(n))
        .concat(server.drive(1))
        .join(),
    )
    assert.ok(said.includes(`drive-6 at ${server.drive(1)}: this directory holds a disk already`), said)
  })
})

describe('the end', { timeout: TEST_MS_MAX }, () => {
  /** An upload of which half is sent, and the rest when it may `go`. Answers the status, or undefined where the connection ended. */
  async function uploading(port: number, authorization: string) {
    const bytes = contentOf(7, UPLOAD_BYTES)
    const path = filePath('large')
    const headers = { authorization, 'content-length': bytes.length }
    const sent = request({ host: '127.0.0.1', port, method: 'PUT', path, headers })
    const status = new Promise<number | undefined>((resolve) => {
      sent.once('response', (answer) => resolve(answer.resume().statusCode))
      sent.once('error', () => resolve(undefined))
    })
    await new Promise((half) => sent.write(bytes.subarray(0, UPLOAD_BYTES / 2), half))
    return { status, go: () => sent.end(bytes.subarray(UPLOAD_BYTES / 2)) }
  }

  async function said(run: Run, sentence: RegExp): Promise<void> {
    while (!sentence.test(run.stderr)) {
      assert.equal(run.isOver, false, run.stderr)
      await sleep(10)
    }
  }

  const waits = /^waiting for 1 upload, at most 15 s; press Ctrl-C again to end now$/m

  async function begun(server: ServerProcess) {
    const run = server.begin()
    const port = await run.ready()
    const key = (await readFile(join(server.data, 'admin.key'), 'utf8')).trim()
    return { run, client: new HttpClient(port, key), upload: () => uploading(port, `Bearer ${key}`) }
  }

  it('says what it waits for, once, and waits for it', async () => {
    await using server = await ServerProcess.make()
    const { run, upload } = await begun(server)
    const { status, go } = await upload()
    // A terminal, npm and the starter each send one for a single press.
    for (let i = 0; i < 3; i++) process.kill(run.pid, 'SIGINT')
    await said(run, waits)
    go()
    assert.equal(await status, 201)
    const { code, stderr } = await run.ended
    assert.equal(code, 0)
    assert.equal(stderr.match(/waiting for/g)?.length, 1)
  })

  it('comes at once at a second Ctrl-C, and keeps what was acknowledged', async () => {
    await using server = await ServerProcess.make()
    const { run, client, upload } = await begun(server)
    const kept = contentOf(1, 200_000)
    assert.equal((await client.put('kept', kept)).status, 201)
    const { status } = await upload()
    process.kill(run.pid, 'SIGINT')
    await said(run, waits)
    await sleep(1100)
    assert.equal(run.isOver, false)
    process.kill(run.pid, 'SIGINT')
    assert.equal((await run.ended).code, null, 'it ended by the signal')
    assert.equal(await status, undefined)
    client.close()
    await server.start()
    assert.deepEqual((await server.client.get('kept')).body, kept)
    assert.deepEqual(await server.client.list(), ['kept'])
  })

  it('is silent where nothing runs', async () => {
    await using server = await ServerProcess.make()
    const { run } = await begun(server)
    process.kill(run.pid, 'SIGINT')
    const { code, stderr } = await run.ended
    assert.equal(code, 0)
    assert.doesNotMatch(stderr, /waiting/)
  })
})
