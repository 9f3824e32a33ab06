/**
 * Damaged segments: with up to two of five drives damaged, every file reads right; with three, the answer is right, or a clear refusal,
 * or a body that is cut, and never a wrong byte. Indexes that are lost or belong to another time cost nothing. `HOLDFAST_DAMAGE_SEED`
 * replays the choices of a run.
 */
import assert from 'node:assert/strict'
import { copyFile, cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { seededFloats } from '../seeded-floats.ts'
import { contentOf, whole } from './contents.ts'
import { filePath, type HttpClient, problemIn } from './http-client.ts'
import { ServerProcess } from './server-process.ts'
import { cut, flip, rotate, spotsIn, zero } from './spoil.ts'

const SEED = Number(process.env['HOLDFAST_DAMAGE_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const FLIPS = 1000
const SMALL_FILES = 40
const LARGE_BYTES = [2_500_000, 6_000_000, 11_000_000]
const READERS = 8
const ALL_DRIVES = [1, 2, 3, 4, 5]
const TEST_MS_MAX = 180_000

interface Outcome {
  right: number
  refused: number
  cut: number
}

/** A stopped server with files in it, and a copy of it from which each test begins. */
class Patient implements AsyncDisposable {
  readonly server: ServerProcess
  readonly random = seededFloats(SEED)
  readonly #files = new Map<string, Buffer>()

  private constructor(server: ServerProcess) {
    this.server = server
  }

  static async make(): Promise<Patient> {
    const patient = new Patient(await ServerProcess.start())
    await patient.#write('early')
    await patient.server.stop()
    // Indexes of another time are those of this moment.
    for (const drive of ALL_DRIVES) await copyFile(patient.index(drive), `${patient.server.data}.index-${drive}`)
    await patient.server.start()
    await patient.#write('late')
    for (let number = 0; number < SMALL_FILES; number += 4) {
      await patient.#put(`early/${number}`, 9_000)
      const deleted = `early/${number + 1}`
      assert.equal((await patient.server.client.ask('DELETE', filePath(deleted))).status < 300, true)
      patient.#files.delete(deleted)
    }
    await patient.server.stop()
    await cp(patient.server.data, patient.#copy, { recursive: true })
    return patient
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }

  get #copy(): string {
    return `${this.server.data}.copy`
  }

  index(drive: number): string {
    return join(this.server.drive(drive), 'index.sqlite')
  }

  earlyIndex(drive: number): string {
    return `${this.server.data}.index-${drive}`
  }

  /** As it was before anything was damaged, and stopped. */
  async heal(): Promise<void> {
    await this.server.kill()
    await rm(this.server.data, { recursive: true, force: true })
    await cp(this.#copy, this.server.data, { recursive: true })
  }

  async segmentsOf(drives: readonly number[]): Promise<string[]> {
    return (await Promise.all(drives.map((drive) => this.server.segments(drive)))).flat()
  }

  async flipOn(drives: readonly number[], count = FLIPS): Promise<void> {
    await flip(await spotsIn(await this.segmentsOf(drives), count, this.random))
  }

  async readsRight(): Promise<void> {
    const { refused, cut } = await this.read()
    assert.equal(refused + cut, 0, `${refused} refused, ${cut} cut`)
    assert.deepEqual(await this.server.client.list(), [...this.#files.keys()].sort())
  }

  /** Nothing that is wrong may come out. */
  async read(): Promise<Outcome> {
    const outcome = { right: 0, refused: 0, cut: 0 }
    const files = [...this.#files]
    const reader = async (): Promise<void> => {
      for (let next = files.pop(); next !== undefined; next = files.pop()) outcome[await this.#readOne(...next)]++
    }
    await Promise.all(Array.from({ length: READERS }, reader))
    return outcome
  }

  async writesGoOn(): Promise<void> {
    const bytes = contentOf(4711, 3_000_000)
    const { status, body } = await this.server.client.put('after', bytes)
    assert.equal(status, 201, body.toString())
    assert.ok((await this.server.client.get('after')).body.equals(bytes))
    await this.server.client.ask('DELETE', filePath('after'))
  }

  async #readOne(path: string, bytes: Buffer): Promise<keyof Outcome> {
    const from = bytes.length > 1 && this.random() < 0.3 ? whole(this.random, 0, bytes.length - 1) : 0
    const expected = bytes.subarray(from)
    const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {}
    const answer = await this.server.client.get(path, { headers }).catch(() => undefined)
    if (answer === undefined) return 'cut'
    if (answer.status >= 500) {
      assert.match(problemIn(answer).code, /^(file_unavailable|shard_corrupt)$/)
      return 'refused'
    }
    assert.equal(answer.status, from > 0 ? 206 : 200)
    assert.ok(answer.body.equals(expected), `WRONG BYTES: ${path} from ${from}, seed ${SEED}`)
    return 'right'
  }

  async #write(folder: string): Promise<void> {
    for (let number = 0; number < SMALL_FILES; number++) {
      await this.#put(`${folder}/${number}`, whole(this.random, 0, number % 2 === 0 ? 2_000 : 200_000))
    }
    for (const length of LARGE_BYTES) await this.#put(`${folder}/large ${length}`, length)
  }

  async #put(path: string, length: number): Promise<void> {
    const bytes = contentOf(whole(this.random, 0, 2 ** 31), length)
    await put(this.server.client, path, bytes)
    this.#files.set(path, bytes)
  }
}

async function put(client: HttpClient, path: string, bytes: Buffer): Promise<void> {
  const { status, body } = await client.put(path, bytes)
  assert.ok(status === 201 || status === 200, body.toString())
}

describe(`damaged drives, seed ${SEED}`, () => {
  let patient: Patient
  before(async () => {
    patient = await Patient.make()
  })
  after(() => patient[Symbol.asyncDispose]())

  /** What is done to a stopped server, on two drives and on three. */
  const spoiled: Record<string, (drives: readonly number[]) => Promise<unknown>> = {
    [`${FLIPS} flipped bits`]: (drives) => patient.flipOn(drives),
    'flipped bits, and no index': async (drives) => {
      await patient.flipOn(drives)
      for (const drive of drives) await rm(patient.index(drive))
    },
    'segments cut in half': (drives) => each(drives, (path) => cut(path, 0.5)),
    'segments cut in half, and no index': async (drives) => {
      await each(drives, (path) => cut(path, 0.5))
      for (const drive of drives) await rm(patient.index(drive))
    },
    'empty segments': (drives) => each(drives, (path) => cut(path, 0)),
    'segments of zeros': (drives) => each(drives, zero),
    'segments that are gone': (drives) => each(drives, (path) => rm(path)),
    'segments of another drive': async (drives) => {
      const bySegment = await Promise.all(drives.map((drive) => patient.server.segments(drive)))
      for (const at of (bySegment[0] ?? []).keys()) await rotate(bySegment.flatMap((ofDrive) => ofDrive[at] ?? []))
    },
  }
  const each = async (drives: readonly number[], spoil: (path: string) => Promise<unknown>): Promise<void> => {
    for (const path of await patient.segmentsOf(drives)) await spoil(path)
  }

  for (const [what, spoil] of Object.entries(spoiled)) {
    it(`reads right with ${what} on two`, { timeout: TEST_MS_MAX }, async () => {
      await patient.heal()
      await spoil([2, 4])
      await patient.server.start()
      await patient.readsRight()
      await patient.writesGoOn()
      await patient.readsRight()
    })

    it(`serves no wrong byte with ${what} on three`, { timeout: TEST_MS_MAX }, async (t) => {
      await patient.heal()
      await spoil([1, 2, 5])
      await patient.server.start()
      const { right, refused, cut } = await patient.read()
      t.diagnostic(`${right} right, ${refused} refused, ${cut} cut`)
      assert.ok(refused + cut > 0, 'more is damaged than can be mended')
    })
  }

  it('reads right while bits flip under a server that runs', { timeout: TEST_MS_MAX }, async () => {
    await patient.heal()
    await patient.server.start()
    await patient.readsRight()
    let isDone = false
    const reading = (async () => {
      while (!isDone) await patient.readsRight()
    })()
    const flipping = (async () => {
      for (let time = 0; time < 10; time++) await patient.flipOn([3, 4], FLIPS / 10)
      isDone = true
    })()
    await Promise.all([reading, flipping])
    await patient.readsRight()
    await patient.writesGoOn()
  })

  it('serves no wrong byte while segments go under a server that runs', { timeout: TEST_MS_MAX }, async () => {
    await patient.heal()
    await patient.server.start()
    await each([1], zero)
    await each([5], (path) => cut(path, 0.3))
    await patient.readsRight()
    await patient.flipOn([2, 3])
    await patient.read()
  })

  const indexes: Record<string, (drive: number) => Promise<unknown>> = {
    lost: (drive) => rm(patient.index(drive)),
    'of another time': (drive) => copyFile(patient.earlyIndex(drive), patient.index(drive)),
    'of another drive': (drive) => copyFile(patient.earlyIndex((drive % ALL_DRIVES.length) + 1), patient.index(drive)),
    'no database': (drive) => writeFile(patient.index(drive), contentOf(1, 20_000)),
    empty: (drive) => writeFile(patient.index(drive), ''),
  }
  for (const [what, spoil] of Object.entries(indexes)) {
    it(`makes the index of every drive anew where it is ${what}`, { timeout: TEST_MS_MAX }, async () => {
      await patient.heal()
      for (const drive of ALL_DRIVES) await spoil(drive)
      await patient.server.start()
      await patient.readsRight()
      await patient.writesGoOn()
      await patient.server.stop()
      await patient.server.start()
      await patient.readsRight()
    })
  }
})
