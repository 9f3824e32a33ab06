import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { USAGE, UsageError, upArguments } from './arguments.ts'

function refused(given: string[], message: RegExp): void {
  assert.throws(
    () => upArguments(['up', ...given]),
    (error) => error instanceof UsageError && message.test(error.message),
  )
}

describe('the arguments of up', () => {
  it('have defaults', () => {
    assert.deepEqual(upArguments(['up']), {
      dataDirectory: './data',
      port: 8000,
      nodes: undefined,
      driveDirectories: undefined,
    })
  })

  it('are taken with a space or an equals sign', () => {
    assert.deepEqual(upArguments(['up', '--data', '/srv/x', '--port=9000', '--nodes', '7']), {
      dataDirectory: '/srv/x',
      port: 9000,
      nodes: 7,
      driveDirectories: undefined,
    })
    assert.deepEqual(upArguments(['up', '--drives', '/a,/b,/c']).driveDirectories, ['/a', '/b', '/c'])
    assert.equal(upArguments(['up', '--port', '0']).port, 0)
  })

  it('are refused where they are misspelt, stray or given twice', () => {
    refused(['--prot', '9000'], /^--prot is no argument$/)
    refused(['-p', '9000'], /^-p is no argument$/)
    refused(['data'], /^data belongs to no argument$/)
    refused(['--', 'data'], /^data belongs to no argument$/)
    refused(['--port', '9000', '--port', '9001'], /^--port is given twice$/)
    refused(['--no-port'], /^--no-port is no argument$/)
    refused(['--processes=yes'], /--processes/)
  })

  it('are refused outside their limits, which are named', () => {
    for (const port of ['64536', '65535', '99999999999', '-1', '8e3', '80.5', 'http', '']) {
      refused(['--port', port], /^--port is a whole number from 0 to 64535, .*; not /)
      refused([`--port=${port}`], /^--port is a whole number from 0 to 64535, .*; not /)
    }
    refused(['--port'], /^--port is a whole number from 0 to 64535, .* not nothing$/)
    for (const nodes of ['0', '101', '-5', 'five']) refused(['--nodes', nodes], /from 1 to 100; not /)
    refused(['--data='], /directory/)
    refused(['--data', '--port', '9000'], /^--data is a directory/)
    refused(['--drives', '/a,,/b'], /list of directories/)
    refused(['--drives', ''], /list of directories/)
    refused(['--drives', '/a,/a/'], /twice/)
    refused(['--drives', '/a', '--nodes', '3'], /one of them/)
  })

  it('say clearly what this version does not have yet', () => {
    for (const later of ['--processes', '--demo', '--respawn'])
      refused([later], new RegExp(`${later} comes with a later version`))
  })

  it('end the program with code 2 where they are wrong, and with 0 where help is asked for', () => {
    const main = (...given: string[]) =>
      spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...given], { encoding: 'utf8' })
    const wrong = main('up', '--prot', '1')
    assert.deepEqual([wrong.status, wrong.stdout], [2, ''])
    assert.ok(wrong.stderr.startsWith('--prot'))
    assert.ok(wrong.stderr.endsWith(USAGE))
    for (const given of [['--help'], ['up', '--port', 'wrong', '-h']]) {
      const helped = main(...given)
      assert.deepEqual([helped.status, helped.stdout, helped.stderr], [0, USAGE, ''])
    }
  })

  it('begin with the command', () => {
    for (const given of [[], ['down'], ['--port', '1']]) assert.throws(() => upArguments(given), /the command is up/)
  })

  it('stand in the usage text, on one screen', () => {
    for (const name of ['--data', '--port', '--nodes', '--drives', '--help']) assert.match(USAGE, new RegExp(name))
    const lines = USAGE.split('\n')
    assert.ok(lines.length <= 24)
    for (const line of lines) assert.ok(line.length <= 80, line)
  })
})
