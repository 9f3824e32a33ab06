import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { ENDING_MS_MAX, Ending, LINGER_MS_MAX } from './ending.ts'
import { sleep, systemClock } from './seams/clock.ts'
import { ManualClock } from './seams/manual-clock.test-support.ts'

/** Long enough for every promise that waits for nothing. */
const SOON_MS = 20

const soon = (): Promise<void> => sleep(systemClock, SOON_MS)

function ending() {
  const clock = new ManualClock()
  const warned: string[] = []
  const made = new Ending({ clock, warn: (sentence, error) => warned.push(`${sentence}: ${error}`) })
  const done: string[] = []
  const part = (what: string, end: Promise<unknown> = Promise.resolve()): void =>
    made.defer(what, 1000, async () => {
      await end
      done.push(what)
    })
  return { clock, warned, made, done, part }
}

describe('the parts of a program', () => {
  afterEach(() => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeAllListeners(signal)
  })

  it('are taken down one after the other, the last one first', async () => {
    const { made, done, part, warned } = ending()
    const slow = Promise.withResolvers<void>()
    part('first')
    part('second', slow.promise)
    part('third')
    const disposed = made[Symbol.asyncDispose]()
    await soon()
    assert.deepEqual(done, ['third'])
    slow.resolve()
    await disposed
    assert.deepEqual(done, ['third', 'second', 'first'])
    assert.deepEqual(warned, [])
  })

  it('are left where they hang or fail, and keep no other from its end', async () => {
    const { clock, made, done, part, warned } = ending()
    part('first')
    part('hangs', new Promise(() => undefined))
    part('fails', Promise.reject(new Error('broken')))
    const disposed = made[Symbol.asyncDispose]()
    await soon()
    assert.deepEqual(done, [])
    clock.advance(1000)
    await disposed
    assert.deepEqual(done, ['first'])
    assert.match(warned[0] ?? '', /^fails: left as it is: Error: broken/)
    assert.match(warned[1] ?? '', /^hangs: left as it is: .*no answer within 1 s/)
  })

  it('fit into the time that there is, each with its own', () => {
    const { made } = ending()
    const end = async (): Promise<void> => {}
    made.defer('long', ENDING_MS_MAX - LINGER_MS_MAX - 1000, end)
    made.defer('short', 1000, end)
    assert.throws(() => made.defer('one too many', 1, end), /all parts have ended in 30000 ms/)
  })

  it('are left half a minute after the signal, all that are still there, where the end began late', async (t) => {
    const { clock, made, part, warned } = ending()
    const kill = t.mock.method(process, 'kill', () => true)
    part('first')
    made.defer('endless', 28_000, () => new Promise(() => undefined))
    process.emit('SIGTERM')
    await made.asked
    clock.advance(5000)
    const disposed = made[Symbol.asyncDispose]()
    clock.advance(24_999)
    assert.equal(kill.mock.callCount(), 0)
    clock.advance(1)
    assert.deepEqual(kill.mock.calls[0]?.arguments, [process.pid, 'SIGTERM'])
    assert.equal(process.listenerCount('SIGTERM'), 0, 'nobody hears it, so that it ends the process')
    assert.deepEqual(warned, ['ends now, for the end takes longer than 30 s: Error: left: first, endless'])
    assert.equal(await Promise.race([disposed, soon()]), undefined)
  })
})
