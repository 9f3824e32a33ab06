import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
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
      drives: 5,
      driveDirectories: undefined,
    })
  })

  it('are taken with a space or an equals sign', () => {
    assert.deepEqual(upArguments(['up', '--data', '/srv/x', '--port=9000', '--nodes', '7']), {
      dataDirectory: '/srv/x',
      port: 9000,
      drives: 7,
      driveDirectories: undefined,
    })
    assert.deepEqual(upArguments(['up', '--drives', '/a,/b,/c']).driveDirectories, ['/a', '/b', '/c'])
    assert.equal(upArguments(['up', '--port', '0']).port, 0)
  })

  it('are refused where they are misspelt, stray or given twice', () => {
    refused(['--prot', '9000'], /--prot/)
    refused(['-p', '9000'], /-p/)
    refused(['data'], /data/)
    refused(['--port', '9000', '--port', '9001'], /twice/)
    refused(['--port'], /--port/)
    refused(['--processes=yes'], /--processes/)
  })

  it('are refused outside their limits', () => {
    refused(['--port', '64536'], /0 to 64535/)
    refused(['--port', '-1'], /port/)
    refused(['--port=8e3'], /whole number/)
    refused(['--port='], /whole number/)
    refused(['--nodes', '0'], /1 to 100/)
    refused(['--nodes', '101'], /1 to 100/)
    refused(['--data='], /directory/)
    refused(['--drives', '/a,,/b'], /list of directories/)
    refused(['--drives', '/a,/a'], /twice/)
    refused(['--drives', '/a', '--nodes', '3'], /one of them/)
  })

  it('say clearly what this version does not have yet', () => {
    for (const later of ['--processes', '--demo', '--respawn'])
      refused([later], new RegExp(`${later} comes with a later version`))
  })

  it('end the program with code 2 and the usage where they are wrong', () => {
    const source = `import { parseArguments } from './arguments.ts'; parseArguments(['up', '--prot', '1'])`
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    })
    assert.equal(status, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /--prot/)
    assert.ok(stderr.endsWith(USAGE))
  })

  it('begin with the command', () => {
    for (const given of [[], ['down'], ['--port', '1']]) assert.throws(() => upArguments(given), /the command is up/)
  })

  it('stand in the usage text', () => {
    for (const name of ['--data', '--port', '--nodes', '--drives']) assert.match(USAGE, new RegExp(name))
  })
})
