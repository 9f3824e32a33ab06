/** The log: JSON lines, without secrets. Keys are cut out of every line, wherever in it somebody let one come. */
import { type DestinationStream, type Logger, pino } from 'pino'

const SECRETS = /hf_[0-9a-f]{32}_[0-9a-f]{64}(?:_[0-9a-f]{8})?|(?<=\b(?:bearer|basic) {1,4})[^\s"\\]+/gi
const REDACTED = '[redacted]'

export function openLog(stream: DestinationStream, level = 'info'): Logger {
  const clean: DestinationStream = { write: (line) => stream.write(line.replace(SECRETS, REDACTED)) }
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, clean)
}
