/**
 * The end of a server one of whose drives hangs: puts and looks that never return, and a file that cannot be closed. It comes in its
 * time and says what was left, the catalog is free for the next start, and what was acknowledged is there. A pipe stands for a file of
 * the drive, for whoever opens it waits until somebody opens its other end; `strace` holds up a single call.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { contentOf } from './contents.ts'
import { HttpClient } from './http-client.ts'
import { type Run, ServerProcess } from './server-process.ts'

/** What the program promises; alone on a machine it takes six of them. */
const ENDED_MS_MAX = 30_000
/** Far longer than a signal takes. */
const LINGERS_MS = 2000
const ENDS_NOW = /ends now, for a thread still waits for its disk/
const HELD_UP_MICROSECONDS = 600_000_000
const TEST_MS_MAX = 120_000

const hasStrace = spawnSync('strace', ['-V']).status === 0

class Hung implements AsyncDisposable {
  readonly server: ServerProcess
  readonly #kept = contentOf(1, 200_000)

  private constructor(server: ServerProcess) {
    this.server = server
  }

  static async make(): Promise<Hung> {
    return new Hung(await ServerProcess.make())
  }

  async begin(under: readonly string[] = []): Promise<Run> {
    const run = this.server.begin(under)
    await run.ready()
    return run
  }

  /** Every file of the first drive that is opened from now on hangs with its identity, which is asked for before. */
  async hang(): Promise<void> {
    const identity = join(this.server.drive(1), 'identity')
    await rename(identity, `${identity}-kept`)
    execFileSync('mkfifo', [identity])
  }

  async heal(): Promise<void> {
    const identity = join(this.server.drive(1), 'identity')
    await rm(identity)
    await rename(`${identity}-kept`, identity)
  }

  async put(run: Run): Promise<void> {
    const key = (await readFile(join(this.server.data, 'admin.key'), 'utf8')).trim()
    const client = new HttpClient(await run.ready(), key)
    const { status, body } = await client.put('kept', this.#kept)
    assert.equal(status, 201, body.toString())
    client.close()
  }

  /** SIGTERM, for the server alone where another program runs it. */
  async askToEnd(): Promise<void> {
    process.kill(Number(await readFile(join(this.server.data, 'run', 'gateway.pid'), 'utf8')), 'SIGTERM')
  }

  async endsNow(run: Run): Promise<void> {
    const untilMs = Date.now() + ENDED_MS_MAX
    while (!ENDS_NOW.test(run.stderr)) {
      assert.ok(Date.now() < untilMs, run.stderr)
      await sleep(100)
    }
  }

  async startsAgainWithAll(): Promise<void> {
    await this.server.start()
    assert.deepEqual((await this.server.client.get('kept')).body, this.#kept)
    await this.server.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }
}

describe('the end of a server with a drive that hangs', { timeout: TEST_MS_MAX, concurrency: true }, () => {
  it('comes in its time, and says what was left', async () => {
    await using hung = await Hung.make()
    const run = await hung.begin()
    await hung.hang()
    // The first put of a drive asks who it is, so that this one hangs there too.
    await hung.put(run)
    await hung.askToEnd()
    await hung.endsNow(run)
    const ended = await Promise.race([run.ended, sleep(LINGERS_MS, undefined, { ref: false })])
    assert.ok(ended, 'it has ended')
    assert.equal(ended.code, null, 'by the signal, for an exit would wait for the thread')
    assert.match(ended.stderr, /"drive-1 does not close"/)
    assert.doesNotMatch(ended.stderr, /drive-[2-5] does not close|the catalog: left|the gateway: left/)
    await hung.heal()
    await hung.startsAgainWithAll()
  })

  it('would not come without the signal to itself', async () => {
    await using hung = await Hung.make()
    const toothless = '--import=data:text/javascript,process.kill=()=>true'
    const run = await hung.begin(['env', `NODE_OPTIONS=${toothless}`])
    await hung.hang()
    await hung.put(run)
    await hung.askToEnd()
    await hung.endsNow(run)
    await sleep(LINGERS_MS)
    assert.equal(run.isOver, false)
  })

  it('comes where its last file cannot be closed', { skip: !hasStrace && 'strace is not installed' }, async () => {
    await using hung = await Hung.make()
    const segment = join(hung.server.drive(1), 'segments', '0000000000000001.seg')
    const only = ['-P', segment, '-e', 'trace=ftruncate', '-e', `inject=ftruncate:delay_enter=${HELD_UP_MICROSECONDS}`]
    const run = await hung.begin(['strace', '-f', '-qq', '-o', '/dev/null', ...only])
    await hung.put(run)
    await hung.askToEnd()
    await hung.endsNow(run)
    assert.match(run.stderr, /"drive-1 does not close"/)
    // The thread that strace holds is gone when strace is.
    await hung.server.kill()
    await hung.startsAgainWithAll()
  })
})
