/** `npm stop -- --data DIR`: ends the Holdfast that runs on DIR as Ctrl-C would, and waits until it has ended. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

/** What a server takes at most to finish and flush, and a little more. */
const WAIT_MS_MAX = 32_000
const POLL_MS = 50

const EXIT_FAILED = 1
const EXIT_USAGE = 2
const EXIT_NOT_FOUND = 4

function dataDirectory() {
  try {
    return parseArgs({ options: { data: { type: 'string', default: './data' } } }).values.data
  } catch (error) {
    end(EXIT_USAGE, `${error.message}\nUsage: npm stop -- [--data DIR]`)
  }
}

function pidIn(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    end(EXIT_FAILED, `${file} cannot be read: ${error.message}`)
  }
}

/** The file may have outlived its process, and the number been given to another: only ours is ever signalled. */
function isHoldfast(pid) {
  try {
    return commandLine(pid).includes('main.ts')
  } catch {
    return false
  }
}

function commandLine(pid) {
  if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' })
}

function end(code, message) {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}

const directory = dataDirectory()
const pid = pidIn(join(directory, 'run', 'gateway.pid'))
if (pid === undefined || !isHoldfast(pid)) end(EXIT_NOT_FOUND, `Nothing runs on ${directory}.`)

try {
  process.kill(pid, 'SIGTERM')
} catch (error) {
  // ESRCH: it ended by itself in this moment, which is what was asked for.
  if (error.code !== 'ESRCH') end(EXIT_FAILED, `Holdfast (process ${pid}) could not be told to stop: ${error.message}`)
}
for (let waitedMs = 0; isHoldfast(pid); waitedMs += POLL_MS) {
  if (waitedMs >= WAIT_MS_MAX) end(EXIT_FAILED, `Holdfast (process ${pid}) was told to stop and still runs.`)
  await sleep(POLL_MS)
}
process.stdout.write(`Holdfast (process ${pid}) has stopped.\n`)
