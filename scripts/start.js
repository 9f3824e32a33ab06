/** `npm start -- ARGS`: everything in one process. stdout carries what the server prints and nothing else. */
import { join } from 'node:path'
import { installed, root } from './install.js'
import { run } from './run.js'

// Node.js keeps what it made of the sources, so that the next start is faster and smaller.
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'node')
run(installed(), [join(root, 'packages', 'server', 'main.ts'), 'up', ...process.argv.slice(2)])
