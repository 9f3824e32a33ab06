import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { pieces, refusal, TestGateway, tester } from './gateway.test-support.ts'
import { ManualClock } from './seams/manual-clock.test-support.ts'

const MiB = 1024 * 1024
const HOURS_24 = 24 * 60
const bucket = 'short'

/** A reader of one version, who takes a piece when it is told to, and something dead that his pin holds on to. */
async function begin(test: TestGateway, body: Uint8Array) {
  await test.bucket(bucket, { versionsKept: 1 })
  await test.put('dead', randomBytes(1000), { bucket })
  // From here on a new session is current: the one that stored it does not hold on to it.
  await test.gateway.reaper.run()
  await test.put('file', pieces(body), { bucket })
  const open = await test.gateway.downloads.open({ bucket, path: 'file' })
  const reading = open.read(undefined, new AbortController().signal)
  const read = [(await reading.next()).value ?? assert.fail()]
  await test.put('dead', randomBytes(1000), { bucket })
  return { reading, read }
}

async function passMinutes(clock: ManualClock, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    clock.advance(60_000)
    await new Promise(setImmediate)
  }
}

async function collected({ gateway }: TestGateway): Promise<number> {
  let chunks = 0
  for (let run = 0; run < 3; run++) chunks += (await gateway.reaper.run()).chunks
  return chunks
}

/** Puts another file in the place of the one that is read. */
async function move(test: TestGateway): Promise<void> {
  const { file } = await test.gateway.downloads.open({ bucket, path: 'file' })
  await test.gateway.names.move({
    file: file.file,
    path: 'moved',
    overwrite: false,
    preconditions: {},
    requester: tester,
  })
  await test.put('file', randomBytes(10), { bucket })
}

describe('a reader who begins under another session than the one that was current when the file was looked up', () => {
  it('has it though it has moved meanwhile, but not where its version has gone', async () => {
    await using test = await TestGateway.open()
    await test.bucket(bucket, { versionsKept: 1 })
    const body = randomBytes(2 * MiB)
    await test.put('file', pieces(body), { bucket })
    const open = () => test.gateway.downloads.open({ bucket, path: 'file' })
    const readNow = async ({ read }: Awaited<ReturnType<typeof open>>): Promise<Buffer> =>
      Buffer.concat(await Array.fromAsync(read(undefined, new AbortController().signal)))
    const [first, second] = [await open(), await open()]
    await move(test)
    await test.gateway.reaper.run()
    assert.deepEqual(await readNow(first), body)
    await test.put('moved', randomBytes(10), { bucket })
    await assert.rejects(readNow(second), refusal('version_not_found'))
  })
})

describe('a reader for whom a day is not enough', () => {
  it('looks then whether its version is still there, and lets go of everything else', async () => {
    const clock = new ManualClock()
    await using test = await TestGateway.open({ clock })
    const body = randomBytes(20 * MiB)
    const { reading, read } = await begin(test, body)
    await passMinutes(clock, HOURS_24 - 1)
    read.push((await reading.next()).value ?? assert.fail())
    assert.equal(await collected(test), 0)
    await passMinutes(clock, 1)
    read.push((await reading.next()).value ?? assert.fail())
    assert.equal(await collected(test), 1)
    for await (const piece of reading) read.push(piece)
    assert.deepEqual(Buffer.concat(read), body)
  })

  it('reads on though the file has moved, and another is in its place', async () => {
    const clock = new ManualClock()
    await using test = await TestGateway.open({ clock })
    const body = randomBytes(20 * MiB)
    const { reading, read } = await begin(test, body)
    await move(test)
    await test.gateway.reaper.run()
    await passMinutes(clock, HOURS_24)
    for await (const piece of reading) read.push(piece)
    assert.deepEqual(Buffer.concat(read), body)
  })

  it('ends then where its version has gone', async () => {
    const clock = new ManualClock()
    await using test = await TestGateway.open({ clock })
    const { reading } = await begin(test, randomBytes(20 * MiB))
    await test.put('file', randomBytes(10), { bucket })
    await test.gateway.reaper.run()
    await passMinutes(clock, HOURS_24 - 1)
    assert.equal((await reading.next()).done, false)
    await passMinutes(clock, 1)
    await assert.rejects(reading.next(), refusal('version_not_found'))
    assert.ok((await collected(test)) > 1)
  })
})
