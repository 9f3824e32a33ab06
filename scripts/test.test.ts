import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { House } from './house.test-support.ts'

const good = `import { it } from 'node:test'\nit('is good', () => {})\n`
const skipping = `it('needs a moon', { skip: 'no moon tonight' }, () => {})\n`

/** Runs `npm test` over the given files and answers the last line and everything. */
async function testing(files: Record<string, string>, args: string[] = [], environment: Record<string, string> = {}) {
  await using house = await House.open()
  for (const folder of ['packages', 'tests']) await house.write(`${folder}/a-file.ts`, '')
  for (const [name, contents] of Object.entries(files)) await house.write(name, contents)
  const { stdout, stderr, exitCode } = await house.run('test.js', args, environment).ended
  return { last: stdout.trimEnd().split('\n').at(-1), stdout, stderr, exitCode }
}

describe('npm test', () => {
  it('runs what lies in packages and tests, and counts', async () => {
    const { last, stdout, exitCode } = await testing({
      'packages/core/a.test.ts': good,
      'tests/b.test.ts': good + skipping,
      'packages/core/node_modules/c.test.ts': 'not ours',
    })
    assert.equal(last, '2 passed, 0 failed, 1 skipped')
    assert.match(stdout, /skipped {2}tests\/b\.test\.ts › needs a moon: no moon tonight/)
    assert.equal(exitCode, 0)
  })

  it('prints a failure in full, with its place in the suites and what the file wrote', async () => {
    const { last, stdout, exitCode } = await testing({
      'tests/a.test.ts': `${good}
        import { describe } from 'node:test'
        console.log('written on the way')
        describe('outer', () => describe('inner', () => it('is bad', () => { throw new Error('broken') })))`,
    })
    assert.equal(last, '1 passed, 1 failed')
    assert.match(stdout, /outer › inner › is bad\nError: broken\n {4}at/)
    assert.match(stdout, /written on the way/)
    assert.equal(exitCode, 1)
  })

  it('fails for a file that does not load, one without tests, a suite that throws and a hook that throws', async () => {
    const { last, exitCode } = await testing({
      'tests/a.test.ts': `throw new Error('at import')`,
      'tests/b.test.ts': 'export {}',
      'tests/c.test.ts': `import { describe } from 'node:test'\ndescribe('x', () => { throw new Error('suite') })`,
      'tests/d.test.ts': `import { before } from 'node:test'\nbefore(() => { throw new Error('hook') })\n${good}`,
    })
    assert.match(last ?? '', /^0 passed, [45] failed$/)
    assert.equal(exitCode, 1)
  })

  it('fails where nothing ran', async () => {
    const { last, exitCode } = await testing({})
    assert.equal(last, '0 passed, 1 failed')
    assert.equal(exitCode, 2)
  })

  it('ends with its line even where it cannot begin', async () => {
    const { last, exitCode } = await testing({}, ['tests/not-there.test.ts'])
    assert.equal(last, '0 passed, 1 failed')
    assert.equal(exitCode, 2)
  })

  it('says in a sentence what it cannot do with an argument, and what its arguments are', async () => {
    const files = { 'tests/a.test.ts': good }
    for (const [args, sentence] of [
      [['tests/not-there.test.ts'], /^\/.*\/tests\/not-there\.test\.ts is not there\n\nUsage: npm test/],
      [['tests', '--wtach'], /^--wtach is no argument\n\nUsage: npm test/],
      [['packages'], /^no \*\.test\.ts lies below \/.*\/packages\n/],
    ] as const) {
      const { stderr, last, exitCode } = await testing(files, [...args])
      assert.match(stderr, sentence)
      assert.doesNotMatch(stderr, /^\s+at /m)
      assert.deepEqual([last, exitCode], ['0 passed, 1 failed', 2])
    }
    const { stdout, stderr, exitCode } = await testing(files, ['--help'])
    assert.match(stdout, /^Usage: npm test -- \[PATH…\]/)
    assert.deepEqual([stderr, exitCode], ['', 0])
    assert.equal((await testing(files, ['tests', '--test-name-pattern=good'])).last, '1 passed, 0 failed')
  })

  it('counts a skipped test as failed in CI', async () => {
    const { last, exitCode } = await testing({ 'tests/a.test.ts': good + skipping }, [], { CI: 'true' })
    assert.equal(last, '1 passed, 1 failed')
    assert.equal(exitCode, 1)
  })

  it('counts a skipped suite like a skipped test, though its tests are not heard of', async () => {
    const suite = `import { describe } from 'node:test'\ndescribe('on the moon', { skip: 'no moon' }, () => { ${skipping} })\n`
    const here = await testing({ 'tests/a.test.ts': good + suite })
    assert.equal(here.last, '1 passed, 0 failed, 1 skipped')
    assert.match(here.stdout, /skipped {2}tests\/a\.test\.ts › on the moon: no moon/)
    const { last, exitCode } = await testing({ 'tests/a.test.ts': good + suite }, [], { CI: 'true' })
    assert.equal(last, '1 passed, 1 failed')
    assert.equal(exitCode, 1)
  })

  it('runs only what it is asked for', async () => {
    const files = { 'tests/a.test.ts': good, 'tests/b/c.test.ts': good, 'tests/b/d.test.ts': good }
    assert.equal((await testing(files, ['tests/b'])).last, '2 passed, 0 failed')
    assert.equal((await testing(files, ['tests/a.test.ts'])).last, '1 passed, 0 failed')
  })
})
