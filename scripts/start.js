/** `npm start -- ARGS`: everything in one process. stdout carries what the server prints and nothing else. */
import { installed } from './install.js'
import { refuseWhatNpmTook } from './npm-arguments.js'
import { run } from './run.js'
import { serverArguments, serverEnvironment } from './server-command.js'

refuseWhatNpmTook('npm start', ['data', 'port', 'nodes', 'drives'])
Object.assign(process.env, { ...serverEnvironment, ...process.env })
run(installed(), [...serverArguments, 'up', ...process.argv.slice(2)])
