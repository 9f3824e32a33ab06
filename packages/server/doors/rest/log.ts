/**
 * The log: JSON lines, without secrets; at a terminal a line for people instead. Keys are cut out of every line, wherever in it
 * somebody let one come. A failure that was foreseen says all in its message; only of a bug is it told where it happened.
 *
 *     {"level":50,"time":"2026-11-20T10:00:00.000Z","reqId":"…","status":503,"err":{"code":"quorum_lost",…},"msg":"a request failed"}
 *     10:00:00 error a request failed: a write needs 4 nodes and reached 3 (status=503 reqId=…)
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { type DestinationStream, type Logger, pino } from 'pino'
import { systemCodeOf } from '../../seams/disk.ts'

const SECRETS = /hf_[0-9a-f]{32}_[0-9a-f]{64}(?:_[0-9a-f]{8})?|(?<=\b(?:bearer|basic) {1,4})[^\s"\\]+/gi
const REDACTED = '[redacted]'
/** The others stand in the JSON. */
const FIELDS_FOR_PEOPLE = ['method', 'path', 'status', 'code', 'reqId']
/** What moves a cursor or hides text: a terminal would do it, and a client may have sent it. */
const UNPRINTABLE = /\p{C}/gu

export interface LogOptions {
  readonly level?: string
  /** Whether people read along. */
  readonly isTerminal?: boolean
}

export function openLog(stream: DestinationStream, { level = 'info', isTerminal = false }: LogOptions = {}): Logger {
  const write = (line: string): void => {
    const clean = line.replace(SECRETS, REDACTED)
    stream.write(isTerminal ? lineForPeople(JSON.parse(clean)) : clean)
  }
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: told } }
  return pino(options, { write })
}

interface ToldError {
  readonly type?: string
  readonly code?: string
  readonly message?: string
  readonly stack?: string
  readonly cause?: ToldError
}

/** A foreseen failure without its stack, and so its causes where the machine said no; of all else the stack too. */
function told(error: unknown): ToldError {
  if (!(error instanceof Error)) return { message: String(error) }
  if (!(error instanceof HoldfastError)) return pino.stdSerializers.err(error)
  const { name, code, message, cause } = error
  return { type: name, code, message, ...(cause !== undefined && { cause: toldCause(cause) }) }
}

function toldCause(cause: unknown): ToldError {
  const code = systemCodeOf(cause)
  return code !== undefined && cause instanceof Error ? { type: cause.name, code, message: cause.message } : told(cause)
}

type LogRecord = Readonly<Record<string, unknown>> & {
  readonly time: string
  readonly level: number
  readonly msg?: string
  readonly err?: ToldError
}

function lineForPeople({ time, level, msg, err, ...fields }: LogRecord): string {
  const clock = new Date(time).toTimeString().slice(0, 'hh:mm:ss'.length)
  const said = [msg, ...messagesOf(err)].filter((part) => part !== undefined).join(': ')
  const few = FIELDS_FOR_PEOPLE.filter((name) => fields[name] !== undefined).map((name) => `${name}=${fields[name]}`)
  const line = `${clock} ${pino.levels.labels[level]} ${said}${few.length > 0 ? ` (${few.join(' ')})` : ''}`
  const stacks = stacksOf(err).flatMap((stack) => stack.split('\n'))
  return [line, ...stacks].map((each) => `${each.replace(UNPRINTABLE, escaped)}\n`).join('')
}

function messagesOf(error: ToldError | undefined): (string | undefined)[] {
  return error === undefined ? [] : [error.message, ...messagesOf(error.cause)]
}

function stacksOf(error: ToldError | undefined): string[] {
  if (error === undefined) return []
  return [...(error.stack === undefined ? [] : [error.stack]), ...stacksOf(error.cause)]
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`
}
