/** The log: JSON lines, without secrets. Whatever carries a key is cut out here, wherever somebody may hand it over. */
import { type DestinationStream, type Logger, pino } from 'pino'

export const REDACTED = [
  'authorization',
  'headers.authorization',
  'headers.cookie',
  'req.headers.authorization',
  'req.headers.cookie',
  '*.headers.authorization',
  '*.headers.cookie',
]

export function openLog(stream: DestinationStream, level = 'info'): Logger {
  return pino({ level, base: null, redact: REDACTED, timestamp: pino.stdTimeFunctions.isoTime }, stream)
}
