import assert from 'node:assert/strict'
import { cp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import { AssertionError } from '@holdfast/core/wire/assert.ts'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { listNodes } from './catalog/transactions/list-nodes.ts'
import { DEAD_SEGMENT, DrivesWorld } from './drives.test-support.ts'
import { sleep, systemClock } from './seams/clock.ts'
import { SegmentStore } from './storage/segment-store.ts'

const MINUTE_MS = 60_000

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(systemClock, 10)
}

const skip = process.platform === 'win32' && 'needs a pipe with a name'

describe('the drives', { skip }, () => {
  it('are looked at without those that hang, each of which is asked once', async () => {
    await using world = await DrivesWorld.open()
    const goOn = await world.hang(1)
    try {
      assert.ok((await world.passes(world.drives.look())) >= 5000)
      await rm(join(world.directory(2), 'identity'))
      for (let each = 0; each < 10; each++) await world.drives.look()
      assert.deepEqual(world.states, ['online', 'online', 'offline'])
    } finally {
      await goOn()
    }
  })

  it('are compared when they are back with what they had when they went', async () => {
    await using world = await DrivesWorld.open()
    const image = `${world.directory(1)}-image`
    for (const drive of [0, 1]) await world.put(drive, 1)
    await cp(world.directory(1), image, { recursive: true })
    for (const drive of [0, 1]) await world.put(drive, 2)
    await world.replace(0, (away) => away)
    await world.replace(1, () => image)
    assert.deepEqual(world.states, ['online', 'online', 'online'])
    assert.deepEqual(
      world.rows.run(listNodes, {}).map(({ rolledBackAt }) => rolledBackAt !== null),
      [false, true, false],
    )
  })

  it('stay away while the catalog does not hear of their return', async () => {
    await using world = await DrivesWorld.open()
    const { intercept } = world.rows
    world.rows.intercept = (asked) => (asked.transaction === 'nodeStarted' ? assert.fail() : intercept(asked))
    await world.replace(0, (away) => away)
    assert.equal(world.drives.nodes.get(1)?.state, 'offline')
    world.rows.intercept = intercept
    await world.drives.look()
    assert.equal(world.drives.nodes.get(1)?.state, 'online')
  })

  it('are started without one that hangs, which is taken when it answers', async () => {
    await using world = await DrivesWorld.open()
    await world.stop()
    const identity = join(world.directory(1), 'identity')
    await cp(identity, `${identity}-kept`)
    const goOn = await world.hang(1)
    try {
      const starting = world.start()
      assert.ok((await world.passes(starting)) >= 5000)
      await starting
      await until(async () => {
        await world.drives.look()
        return world.states.join() === 'online,offline,online'
      })
      assert.match(world.warned.join('\n'), /^drive-1 at \S+ is away: no answer within 5 s$/m)
    } finally {
      await goOn()
    }
    await rename(`${identity}-kept`, identity)
    await until(async () => {
      await world.drives.look()
      return world.drives.nodes.isOnline(2)
    })
  })
})

describe('drives that hang behind their identity', { skip }, () => {
  /** They are started anew, and each opening waits until it may go on. */
  async function startHung(t: TestContext, world: DrivesWorld) {
    await world.stop()
    const { promise: wait, resolve: goOn } = Promise.withResolvers<void>()
    const openNow = SegmentStore.open
    const open = t.mock.method(SegmentStore, 'open', async (options: Parameters<typeof openNow>[0]) => {
      await wait
      return await openNow(options)
    })
    const starting = world.start()
    const startMs = await world.passes(starting)
    await starting
    return { startMs, goOn, opened: () => open.mock.callCount() }
  }

  it('keep nobody from starting, cost one wait together, and are there when that same start of theirs is done', async (t) => {
    await using world = await DrivesWorld.open()
    const { startMs, goOn, opened } = await startHung(t, world)
    try {
      assert.ok(startMs >= 5000 && startMs < 10_000, `${startMs} ms`)
      await world.drives.look()
      assert.deepEqual(world.states, ['offline', 'offline', 'offline'])
    } finally {
      goOn()
    }
    await until(async () => {
      await world.drives.look()
      return world.states.every((state) => state === 'online')
    })
    assert.equal(opened(), 3)
    assert.deepEqual(
      world.warned.slice(0, 3),
      world.directories.map((at, drive) => `drive-${drive} at ${at} is away: no answer within 5 s`),
    )
  })

  it('are told of once, by what comes of it in the end', async (t) => {
    await using world = await DrivesWorld.open()
    await world.stop()
    t.mock.method(SegmentStore, 'open', async () => {
      await sleep(world.clock, 6000)
      throw new HoldfastError('disk_foreign', 'it is not ours')
    })
    await world.passes(world.start())
    for (let each = 0; each < 3; each++) await world.passes(world.drives.look().then(() => sleep(world.clock, 6000)))
    const told = (why: string): string[] =>
      world.directories.map((at, drive) => `drive-${drive} at ${at} is away: ${why}`)
    assert.deepEqual(world.warned.sort(), [...told('it is not ours'), ...told('no answer within 5 s')].sort())
  })

  it('are closed at the end although they come only then', async (t) => {
    await using world = await DrivesWorld.open()
    const { goOn } = await startHung(t, world)
    const ended = world.drives[Symbol.asyncDispose]()
    goOn()
    await ended
    for (const drive of [0, 1, 2]) assert.ok(indexIsFree(world.directory(drive)))
  })
})

describe('the end of the drives', { skip }, () => {
  it('waits five seconds for one that hangs, and closes the others', async () => {
    await using world = await DrivesWorld.open()
    const goOn = await world.hang(1)
    try {
      const look = world.drives.look()
      assert.ok((await world.passes(world.drives[Symbol.asyncDispose]())) >= 5000)
      await look
      assert.deepEqual(
        world.warned.filter((sentence) => sentence.includes('close')),
        ['drive-1 does not close: HoldfastError: no answer within 5 s'],
      )
      // Their indexes are free for another, and the one of the drive that hangs is not.
      for (const [drive, isFree] of [true, false, true].entries())
        assert.equal(indexIsFree(world.directory(drive)), isFree)
    } finally {
      await goOn()
    }
  })
})

describe('what is told of a drive that could not be reported', { skip }, () => {
  it('is why, or it ends the process where an invariant is broken', async (t) => {
    await using world = await DrivesWorld.open()
    const bug = new AssertionError('cannot be')
    const outcomes = [new HoldfastError('disk_failed', 'gone'), bug, bug]
    t.mock.method(SegmentStore.prototype, 'report', async () => {
      throw outcomes.shift()
    })
    await world.stop()
    assert.deepEqual(world.warned, ['drive-0 is not reported: HoldfastError: gone'])
    assert.deepEqual(world.fatalities, [bug, bug])
  })
})

describe('the compaction of the drives', { skip }, () => {
  it('goes on beside a drive that hangs, whose end comes all the same', async () => {
    await using world = await DrivesWorld.open({ dead: true })
    const goOn = await world.hangSegment(1)
    try {
      assert.ok((await world.segments(0)).includes(DEAD_SEGMENT))
      world.clock.advance(MINUTE_MS)
      for (const drive of [0, 2]) await until(async () => (await world.segments(drive)).length === 1)
      assert.ok((await world.segments(1)).includes(DEAD_SEGMENT))
      assert.ok((await world.passes(world.drives[Symbol.asyncDispose]())) >= 5000)
      assert.deepEqual(world.warned, ['drive-1 does not close: HoldfastError: no answer within 5 s'])
    } finally {
      await goOn()
    }
  })

  it('tells what it could not do, does it at the next turn, and ends the process where an invariant is broken', async (t) => {
    await using world = await DrivesWorld.open({ dead: true })
    const outcomes = [new HoldfastError('disk_full', 'no room'), new AssertionError('cannot be')]
    const compact = t.mock.method(SegmentStore.prototype, 'compact', async () => {
      throw outcomes[Math.floor(compact.mock.callCount() / 3)]
    })
    const turn = async (calls: number): Promise<void> => {
      world.clock.advance(MINUTE_MS)
      await until(async () => compact.mock.callCount() === calls)
      await sleep(systemClock, 1)
    }
    await turn(3)
    assert.deepEqual(
      world.warned,
      [0, 1, 2].map((drive) => `drive-${drive} was not compacted: HoldfastError: no room`),
    )
    await turn(6)
    assert.deepEqual(world.fatalities, Array(3).fill(outcomes[1]))
    assert.equal(world.warned.length, 3)
  })
})

describe('what the catalog is told of the drives', { skip }, () => {
  it('is how far those segments go that were open when it was last told, for the others stay as they are', async (t) => {
    await using world = await DrivesWorld.open({ dead: true })
    assert.ok((await world.segments(0)).length > 2)
    const { rows } = world
    const known = () => rows.engine.query('SELECT segment, end_bytes FROM node_segments WHERE node = 1', [])
    assert.equal(known().length, (await world.segments(0)).length, 'a start tells of all of them')
    const report = t.mock.method(SegmentStore.prototype, 'report')
    await world.put(0, 100)
    const before = known()
    for (let second = 0; second < 30; second++) await world.drives.look()
    const answers = await Promise.all(report.mock.calls.map(({ result }) => result ?? assert.fail()))
    // Every second each is asked how it is, and the thirtieth time how far it is written.
    assert.equal(answers.length, 30 * 3 + 3)
    assert.deepEqual(
      answers.map(({ segmentEnds }) => segmentEnds.length),
      [...Array(30 * 3).fill(0), 1, 1, 1],
    )
    const after = known()
    assert.deepEqual(after.slice(0, -1), before.slice(0, -1))
    assert.ok(Number(after.at(-1)?.['end_bytes']) > Number(before.at(-1)?.['end_bytes']))
  })
})

/** Whether nobody has the index of a drive open. */
function indexIsFree(directory: string): boolean {
  using index = new DatabaseSync(join(directory, 'index.sqlite'))
  try {
    index.exec('BEGIN IMMEDIATE; ROLLBACK')
    return true
  } catch {
    return false
  }
}
