/** `npm stop -- --data DIR`: ends the Holdfast that runs on DIR as Ctrl-C would, and waits until it has ended. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { refuseWhatNpmTook } from './npm-arguments.js'

/** What a server takes at most to finish and flush, and a little more. */
const WAIT_MS_MAX = 32_000
/** What a process without its lock takes at most to be gone; one that nobody waits for stays on the list for ever. */
const LAST_MS_MAX = 1000
const POLL_MS = 50

/** In the catalog's directory; whoever uses the catalog has it open. */
const LOCK = 'lock.sqlite'

const EXIT_FAILED = 1
const EXIT_USAGE = 2
const EXIT_NOT_FOUND = 4

const USAGE = `Usage: npm stop -- [--data DIR]

  --data DIR   what was given to npm start (default ./data)
`

function dataDirectory() {
  refuseWhatNpmTook('npm stop', ['data'])
  try {
    const options = { data: { type: 'string', default: './data' }, help: { type: 'boolean' } }
    const { data, help } = parseArgs({ options }).values
    if (!help) return data
  } catch (error) {
    end(EXIT_USAGE, `${error.message}\n\n${USAGE}`)
  }
  process.stdout.write(USAGE)
  process.exit(0)
}

function pidIn(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    end(EXIT_FAILED, `${file} cannot be read: ${error.message}`)
  }
}

/**
 * Whether the process has the lock of this directory open. The file with its number may have outlived it, and the number been given
 * to another, even to the Holdfast of another directory: none of them is ever signalled.
 */
function runsHere(pid, directory) {
  const lock = join(directory, 'catalog', LOCK)
  try {
    return process.platform === 'linux' ? hasOpen(pid, statSync(lock)) : openers(lock).includes(pid)
  } catch {
    return false
  }
}

/** Looks closer only at what has the name: a file on a disk that hangs would hold up whoever asks for it. */
function hasOpen(pid, { dev, ino }) {
  return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
    const link = `/proc/${pid}/fd/${descriptor}`
    try {
      if (basename(readlinkSync(link)) !== LOCK) return false
      const opened = statSync(link)
      return opened.ino === ino && opened.dev === dev
    } catch {
      // It was closed meanwhile.
      return false
    }
  })
}

function openers(file) {
  return execFileSync('lsof', ['-t', '--', file], { encoding: 'utf8' }).split('\n').map(Number)
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function waitWhile(isSo, maxMs) {
  for (let waitedMs = 0; isSo(); waitedMs += POLL_MS) {
    if (waitedMs >= maxMs) return false
    await sleep(POLL_MS)
  }
  return true
}

function end(code, message) {
  process.stderr.write(`${message.trimEnd()}\n`)
  process.exit(code)
}

const directory = dataDirectory()
const pid = pidIn(join(directory, 'run', 'gateway.pid'))
const isRunning = () => runsHere(pid, directory)
if (pid === undefined || !isRunning()) end(EXIT_NOT_FOUND, `Nothing runs on ${directory}.`)

try {
  process.kill(pid, 'SIGTERM')
} catch (error) {
  // ESRCH: it ended by itself in this moment, which is what was asked for.
  if (error.code !== 'ESRCH') end(EXIT_FAILED, `Holdfast (process ${pid}) could not be told to stop: ${error.message}`)
}
if (!(await waitWhile(isRunning, WAIT_MS_MAX))) {
  end(EXIT_FAILED, `Holdfast (process ${pid}) was told to stop and still runs.`)
}
await waitWhile(() => isAlive(pid), LAST_MS_MAX)
process.stdout.write(`Holdfast (process ${pid}) has stopped.\n`)
