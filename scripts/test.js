/**
 * `npm test [-- PATH…]`: every `*.test.ts`, or those at and below the paths given; arguments that begin with `--test-` go to the
 * test runner. The last line on stdout is `N passed, N failed`, whatever happens.
 */
import { existsSync, readdirSync, statSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { installed, root } from './install.js'
import { run } from './run.js'

/** As many files at once as the smallest machine that we test on has cores. */
const FILES_AT_ONCE = 2
/** No file takes longer, unless it hangs. */
const FILE_MS_MAX = 600_000

const LAST_LINE = /\d+ passed, \d+ failed(, \d+ skipped)?\n$/
const LAST_LINE_BYTES_MAX = 100

const EXIT_USAGE = 2
const USAGE = `Usage: npm test -- [PATH…] [--test-…]

  PATH       a test file, or a folder: all that lie below it (default: every test)
  --test-…   goes to the test runner of Node.js, such as --test-name-pattern=WORDS
`

/** The test files at or below `path`, sorted. */
function testFiles(path) {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.name !== 'node_modules')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.isDirectory()) return testFiles(join(path, entry.name))
      return entry.name.endsWith('.test.ts') ? [join(path, entry.name)] : []
    })
}

const args = process.argv.slice(2)
if (args.includes('--help') || args.includes('-h')) {
  process.stdout.write(USAGE)
  process.exit(0)
}

let end = ''
process.on('exit', (code) => {
  if (LAST_LINE.test(end)) return
  writeSync(1, '0 passed, 1 failed\n')
  if (code === 0) process.exitCode = 1
})

function refuse(sentence) {
  process.stderr.write(`${sentence}\n\n${USAGE}`)
  process.exit(EXIT_USAGE)
}

const unknown = args.find((arg) => arg.startsWith('-') && !arg.startsWith('--test-'))
if (unknown !== undefined) refuse(`${unknown} is no argument`)
const paths = args.filter((arg) => !arg.startsWith('-')).map((path) => resolve(path))
const missing = paths.find((path) => !existsSync(path))
if (missing !== undefined) refuse(`${missing} is not there`)
const everything = ['packages', 'scripts', 'tests'].map((folder) => join(root, folder))
const asked = paths.length > 0 ? paths : everything
const files = asked.flatMap(testFiles)
if (files.length === 0) refuse(`no *.test.ts lies below ${asked.join(', ')}`)

const program = run(
  installed(),
  [
    '--test',
    `--test-concurrency=${FILES_AT_ONCE}`,
    `--test-timeout=${FILE_MS_MAX}`,
    `--test-reporter=${join(root, 'scripts', 'report.ts')}`,
    ...args.filter((arg) => arg.startsWith('-')),
    ...files,
  ],
  'pipe',
)
program.stdout.on('data', (bytes) => {
  process.stdout.write(bytes)
  end = (end + bytes).slice(-LAST_LINE_BYTES_MAX)
})
