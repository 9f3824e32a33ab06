import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { House } from './house.test-support.ts'

/** A server that says what it got, and takes a moment to end. */
const fakeServer = `
import { mkdirSync, openSync, writeFileSync } from 'node:fs'
for (const name of ['catalog', 'run']) mkdirSync('data/' + name, { recursive: true })
openSync('data/catalog/lock.sqlite', 'w')
writeFileSync('data/run/gateway.pid', String(process.pid))
const idle = setInterval(() => {}, 1000)
const stop = (signal) => {
  clearInterval(idle)
  setTimeout(() => { console.log('ended by ' + signal); process.exitCode = 7 }, 200)
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
console.log('ready ' + process.argv.slice(2).join(' '))
`

/** An npm that notes how it was called and leaves a finished installation behind. */
const fakeNpm = `#!/bin/sh
echo "$@" >> npm-was-called
mkdir -p node_modules/node/bin
ln -sf "$REAL_NODE" node_modules/node/bin/node
cp package-lock.json node_modules/.package-lock.json
echo noise
`

async function houseWithServer(): Promise<House> {
  const house = await House.open()
  await house.write('packages/server/main.ts', fakeServer)
  return house
}

async function started(house: House, args: string[] = []) {
  const run = house.run('start.js', args)
  await once(run.child.stdout, 'readable')
  return run
}

describe('npm start', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`hands on arguments, ${signal} and the exit code, and adds nothing to stdout`, async () => {
      await using house = await houseWithServer()
      const { child, ended } = await started(house, ['--port', '1'])
      child.kill(signal)
      assert.deepEqual(await ended, { stdout: `ready up --port 1\nended by ${signal}\n`, stderr: '', exitCode: 7 })
    })
  }

  it('says how the server was killed', async () => {
    await using house = await houseWithServer()
    const { ended } = await started(house)
    process.kill(Number(await readFile(join(house.root, 'data/run/gateway.pid'), 'utf8')), 'SIGKILL')
    assert.equal((await ended).exitCode, 137)
  })

  it('installs first where the lock asks for something else than what is there, and only then', async () => {
    await using house = await House.open('{"packages":{"node_modules/a":{"integrity":"old"}}}')
    await house.write('packages/server/main.ts', "console.log('served')")
    await house.write('bin/npm', fakeNpm)
    await chmod(join(house.root, 'bin/npm'), 0o755)
    const environment = { PATH: `${join(house.root, 'bin')}:${process.env.PATH}`, REAL_NODE: process.execPath }
    const calls = async (): Promise<number> =>
      (await readFile(join(house.root, 'npm-was-called'), 'utf8').catch(() => '')).split('\n').length - 1

    assert.equal((await house.run('start.js', [], environment).ended).stdout, 'served\n')
    assert.equal(await calls(), 0)

    await house.write('package-lock.json', '{"packages":{"node_modules/a":{"integrity":"new"}}}')
    const installing = await house.run('start.js', [], environment).ended
    assert.equal(installing.stdout, 'served\n')
    assert.match(installing.stderr, /Installing what is missing …\nnoise/)
    assert.equal(await calls(), 1)

    await house.run('start.js', [], environment).ended
    assert.equal(await calls(), 1)
  })

  it('says so where npm fails', async () => {
    await using house = await House.open()
    await house.write('package-lock.json', '{"packages":{"node_modules/a":{"integrity":"new"}}}')
    await house.write('bin/npm', '#!/bin/sh\nexit 1\n')
    await chmod(join(house.root, 'bin/npm'), 0o755)
    const { stderr, exitCode } = await house.run('start.js', [], {
      PATH: `${join(house.root, 'bin')}:${process.env.PATH}`,
    }).ended
    assert.match(stderr, /npm could not install/)
    assert.equal(exitCode, 1)
  })
})

describe('npm stop', () => {
  it('ends the server and waits for its end', async () => {
    await using house = await houseWithServer()
    const { ended } = await started(house)
    const stopped = await house.run('stop.js', ['--data', 'data']).ended
    assert.match(stopped.stdout, /^Holdfast \(process \d+\) has stopped\.\n$/)
    assert.equal(stopped.exitCode, 0)
    assert.match((await ended).stdout, /ended by SIGTERM/)
  })

  it('says so where nothing runs, or nothing any more', async () => {
    await using house = await houseWithServer()
    const never = await house.run('stop.js').ended
    assert.deepEqual(never, { stdout: '', stderr: 'Nothing runs on ./data.\n', exitCode: 4 })
    const { child, ended } = await started(house)
    child.kill('SIGTERM')
    await ended
    assert.equal((await house.run('stop.js').ended).exitCode, 4)
  })

  it('finds it by whatever name its directory has', async () => {
    await using house = await houseWithServer()
    const { ended } = await started(house)
    await symlink(join(house.root, 'data'), join(house.root, 'linked'))
    const stopped = await house.run('stop.js', ['--data', join(house.root, 'linked')]).ended
    assert.deepEqual([stopped.stderr, stopped.exitCode], ['', 0])
    assert.match((await ended).stdout, /ended by SIGTERM/)
  })

  it('leaves alone a process that got the number, whatever it is called', async () => {
    await using house = await House.open()
    const stranger = spawn(process.execPath, ['--eval', 'setTimeout(() => {}, 60_000)', 'packages/server/main.ts'])
    await house.write('data/catalog/lock.sqlite', '')
    await house.write('data/run/gateway.pid', String(stranger.pid))
    assert.equal((await house.run('stop.js').ended).exitCode, 4)
    assert.equal(stranger.exitCode ?? stranger.signalCode, null)
    stranger.kill()
  })

  it('leaves alone the Holdfast of another directory', async () => {
    await using house = await houseWithServer()
    const { child, ended } = await started(house)
    await house.write('other/catalog/lock.sqlite', '')
    await house.write('other/run/gateway.pid', await readFile(join(house.root, 'data/run/gateway.pid'), 'utf8'))
    assert.equal((await house.run('stop.js', ['--data', 'other']).ended).exitCode, 4)
    assert.equal(child.exitCode, null)
    child.kill('SIGTERM')
    assert.match((await ended).stdout, /ended by SIGTERM/)
  })

  it('refuses arguments that it does not know, and names those that it does', async () => {
    await using house = await House.open()
    const unknown = await house.run('stop.js', ['--dta', 'x']).ended
    assert.equal(unknown.exitCode, 2)
    assert.match(unknown.stderr, /--dta.*--data DIR/s)
    const helped = await house.run('stop.js', ['--help']).ended
    assert.match(helped.stdout, /--data DIR/)
    assert.equal(helped.exitCode, 0)
  })
})

describe('an argument that npm kept for itself', () => {
  it('is not silently without effect', async () => {
    await using house = await houseWithServer()
    for (const [script, name] of [
      ['start.js', 'port'],
      ['start.js', 'data'],
      ['stop.js', 'data'],
    ] as const) {
      const { stdout, stderr, exitCode } = await house.run(script, [], { [`npm_config_${name}`]: '9000' }).ended
      assert.deepEqual([stdout, exitCode], ['', 2])
      assert.match(stderr, new RegExp(`-- --${name}`))
    }
  })
})
