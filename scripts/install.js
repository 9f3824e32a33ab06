/**
 * Brings what the project needs: its packages and, as one of them, its own Node.js. Plain JavaScript, as are the scripts
 * that use it: the Node.js at hand may be too old to run TypeScript.
 *
 * Nothing is done where what npm wrote down of its last installation says the same as package-lock.json.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const modules = join(root, 'node_modules')
const projectNode = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

/** The path of the project's Node.js, after installing what is missing; progress and errors go to stderr. */
export function installed() {
  if (!isInstalled()) install()
  if (!existsSync(projectNode)) {
    fail('the project’s Node.js did not come with its packages: does npm run with install scripts switched off?')
  }
  return projectNode
}

/** The environment in which `npm` is the machine's and `node` the one that npm came with. */
function machineEnvironment() {
  const own = join(modules, '.bin')
  const path = (process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== own)
  return { ...process.env, PATH: path.join(delimiter) }
}

function isInstalled() {
  const wanted = packagesOf(join(root, 'package-lock.json'))
  const present = packagesOf(join(modules, '.package-lock.json'))
  if (wanted === undefined || present === undefined) return false
  return Object.entries(wanted).every(([path, { integrity, optional, link }]) => {
    if (!path.includes('node_modules/') || link) return true
    const found = present[path]
    // What is optional and not there is for another platform.
    return found === undefined ? optional === true : found.integrity === integrity
  })
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')).packages
  } catch {
    return undefined
  }
}

function install() {
  process.stderr.write('Installing what is missing …\n')
  // Without a record of a finished installation, what lies there is the rest of one that was cut short.
  if (!existsSync(join(modules, '.package-lock.json'))) rmSync(modules, { recursive: true, force: true })
  // Not `npm ci`: it removes the Node.js that may be running this, and refuses a lock that lacks another platform's packages.
  const { status, error } = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env: machineEnvironment(),
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (error !== undefined) fail(`npm could not be started: ${error.message}`)
  if (status !== 0) fail('npm could not install what the project needs; what it said stands above')
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
