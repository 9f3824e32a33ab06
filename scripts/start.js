/** `npm start -- ARGS`: everything in one process. stdout carries what the server prints and nothing else. */
import { join } from 'node:path'
import { installed, root } from './install.js'
import { run } from './run.js'

run(installed(), [join(root, 'packages', 'server', 'main.ts'), 'up', ...process.argv.slice(2)])
