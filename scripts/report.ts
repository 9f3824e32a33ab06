/**
 * What `npm test` prints: a line per file as it ends, then every skip with its reason and every failure in full with what
 * its file wrote, and last the counts. A run or a file without tests has failed. What is marked as to do counts as skipped,
 * and what is skipped as failed where `CI=true`: there, everything that tests need can be had.
 */
import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'

interface FileReport {
  readonly path: string
  /** Names of the suites and tests around the present one, outermost first. */
  readonly names: string[]
  readonly failures: string[]
  readonly skips: string[]
  passed: number
  /** The end of what the file wrote. */
  output: string
}

const OUTPUT_CHARACTERS_MAX = 20_000

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files = new Map<string, FileReport>()
  for await (const event of events) {
    const { type, data } = event
    const path = pathOf(data)
    if (path === undefined) continue
    const file = files.get(path) ?? { path, names: [], failures: [], skips: [], passed: 0, output: '' }
    files.set(path, file)
    if (type === 'test:start') file.names.splice(data.nesting, file.names.length, data.name)
    else if (type === 'test:stdout' || type === 'test:stderr') {
      file.output = (file.output + data.message).slice(-OUTPUT_CHARACTERS_MAX)
    } else if (type === 'test:pass') {
      passed(file, data)
      if (isWholeFile(data)) yield lineOf(file, data.details.duration_ms)
    } else if (type === 'test:fail') {
      failed(file, data)
      if (isWholeFile(data)) yield lineOf(file, data.details.duration_ms)
    } else if (type === 'test:summary') yield lineOf(file, data.duration_ms)
  }
  yield* conclusionOf([...files.values()])
}

type TestData = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>['data']

function passed(file: FileReport, data: TestData): void {
  const reason = data.skip ?? data.todo
  // The tests of a suite tell of themselves; of one that is skipped, nobody hears.
  if (data.details.type === 'suite' && reason === undefined) return
  if (reason !== undefined) skipped(file, nameOf(file, data), typeof reason === 'string' ? reason : 'no reason given')
  else if (isWholeFile(data)) file.failures.push('it holds no tests')
  else file.passed++
}

function failed(file: FileReport, data: Extract<TestEvent, { type: 'test:fail' }>['data']): void {
  const { error, type } = data.details
  const kind = 'failureType' in error ? error.failureType : undefined
  // A suite fails with its tests, which are told of already; by itself it fails where its own function or a hook threw.
  if (type === 'suite' && kind === 'subtestsFailed') return
  if (data.todo !== undefined) skipped(file, nameOf(file, data), 'to do, and fails')
  else if (isWholeFile(data)) file.failures.push(`it ended with an error: ${explain(error.cause ?? error)}`)
  else file.failures.push(`${nameOf(file, data)}\n${explain(error.cause ?? error)}`)
}

function skipped(file: FileReport, name: string, reason: string): void {
  if (process.env.CI === 'true') file.failures.push(`${name}\nskipped, which is not allowed where CI=true: ${reason}`)
  else file.skips.push(`${name}: ${reason}`)
}

/** An assertion's message already shows what it compared. */
function explain(error: unknown): string {
  return error instanceof Error && 'code' in error && error.code === 'ERR_ASSERTION' ? `${error.stack}` : inspect(error)
}

/** Where a file's process ends without a report of its own, the runner reports the file as if it were one test. */
function isWholeFile(data: TestData): boolean {
  return data.nesting === 0 && data.name === pathOf(data)
}

/** The file that was run. Suites that it shares with others may stand elsewhere. */
function pathOf(data: object | undefined): string | undefined {
  if (data === undefined) return undefined
  if ('entryFile' in data && typeof data.entryFile === 'string') return data.entryFile
  return 'file' in data && typeof data.file === 'string' ? data.file : undefined
}

function nameOf(file: FileReport, data: TestData): string {
  return [...file.names.slice(0, data.nesting), data.name].join(' › ')
}

function lineOf({ path, passed, failures, skips }: FileReport, durationMs: number): string {
  const state = failures.length > 0 ? 'FAIL' : 'ok  '
  const counts = countsOf(passed, failures.length, skips.length)
  return `${state}  ${relative(process.cwd(), path)}  ${counts}  ${Math.round(durationMs)} ms\n`
}

function* conclusionOf(files: readonly FileReport[]): Generator<string> {
  for (const { path, skips } of files) {
    for (const skip of skips) yield `\nskipped  ${relative(process.cwd(), path)} › ${skip}\n`
  }
  for (const { path, failures, output } of files) {
    for (const failure of failures) yield `\nFAIL  ${relative(process.cwd(), path)} › ${failure}\n`
    if (failures.length > 0 && output !== '') yield `\nwritten by ${relative(process.cwd(), path)}:\n${output}\n`
  }
  const sum = (countOf: (file: FileReport) => number): number => files.reduce((total, file) => total + countOf(file), 0)
  const [passed, failed] = [sum((file) => file.passed), sum((file) => file.failures.length)]
  if (passed === 0 || failed > 0) process.exitCode = 1
  yield `\n${countsOf(
    passed,
    failed,
    sum((file) => file.skips.length),
  )}\n`
}

function countsOf(passed: number, failed: number, skipped: number): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
