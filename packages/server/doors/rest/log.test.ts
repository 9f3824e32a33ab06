import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HoldfastError, QuorumLostError } from '@holdfast/core/wire/errors.ts'
import type { Logger } from 'pino'
import { type LogOptions, openLog } from './log.ts'

const KEY = `hf_${'01'.repeat(16)}_${'5e'.repeat(32)}`
const STACK = / {4}at /
const request = { reqId: 'r1', principal: 'admin', method: 'PUT', path: '/upload', status: 503, code: 'quorum_lost' }
const lost = new QuorumLostError({ needed: 4, reached: 3 })

function logged(options: LogOptions, log: (log: Logger) => void): string {
  let all = ''
  log(
    openLog(
      {
        write: (line) => {
          all += line
        },
      },
      options,
    ),
  )
  return all
}

/** With any time of day, for it is that of the machine's place. */
const atTerminal = (log: (log: Logger) => void): string =>
  logged({ isTerminal: true }, log).replace(/^\d\d:\d\d:\d\d /, '')

describe('the log', () => {
  it('is a line of JSON where nobody reads along, with the time in UTC', () => {
    const line = logged({}, (log) => log.error({ ...request, err: lost }, 'a request failed'))
    const { time, ...said } = JSON.parse(line)
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const err = { type: 'QuorumLostError', code: 'quorum_lost', message: lost.message }
    assert.deepEqual(said, { level: 50, ...request, err, msg: 'a request failed' })
  })

  it('is a calm line at a terminal', () => {
    assert.match(
      logged({ isTerminal: true }, (log) => log.warn('drive-2 is offline, it was online')),
      /^\d\d:\d\d:\d\d warn drive-2 is offline, it was online\n$/,
    )
    assert.equal(
      atTerminal((log) => log.error({ ...request, err: lost }, 'a request failed')),
      `error a request failed: ${lost.message} (method=PUT path=/upload status=503 code=quorum_lost reqId=r1)\n`,
    )
  })

  it('tells where a bug happened, and of a foreseen failure only what and why, causes too', () => {
    const why = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
    const foreseen = new HoldfastError('disk_failed', 'a write failed', {
      cause: new HoldfastError('node_unavailable', 'the disk is away', { cause: why }),
    })
    const hidden = new HoldfastError('catalog_unavailable', 'no answer', { cause: new TypeError('not a function') })
    for (const isTerminal of [false, true]) {
      const line = (err: unknown): string => logged({ isTerminal }, (log) => log.error({ err }, 'failed'))
      assert.doesNotMatch(line(foreseen), STACK)
      for (const part of ['a write failed', 'the disk is away', 'EIO: i/o error'])
        assert.ok(line(foreseen).includes(part))
      assert.match(line(new TypeError('not a function')), STACK)
      assert.match(line(hidden), STACK)
      assert.match(line('no error at all'), /failed.*no error at all|no error at all.*failed/)
    }
    assert.equal(
      atTerminal((log) => log.error({ err: foreseen }, 'failed')),
      'error failed: a write failed: the disk is away: EIO: i/o error, read\n',
    )
  })

  it('holds no key, at a terminal as little as in JSON', () => {
    for (const isTerminal of [false, true]) {
      const line = logged({ isTerminal }, (log) => log.error({ path: `/${KEY}`, err: new Error(KEY) }, `Bearer ${KEY}`))
      assert.doesNotMatch(line, new RegExp(KEY))
      assert.match(line, /\[redacted\]/)
    }
  })

  it('commands no terminal, whatever a client sends', () => {
    const path = '/\u001b[2J\u009b1A\r\nlies\u202e'
    const line = atTerminal((log) => log.error({ path, err: new Error(`about ${path}`) }, 'failed'))
    assert.doesNotMatch(line.replaceAll('\n', ''), /\p{C}/u)
    assert.match(line, /path=\/\\u\{1b\}\[2J\\u\{9b\}1A\\u\{d\}\\u\{a\}lies\\u\{202e\}\)\n/)
  })
})
