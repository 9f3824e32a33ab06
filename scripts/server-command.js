/** How the server is started, by whoever starts it: the flags and the environment that keep it small. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Behind the path of the project's Node.js. Its young generations stay small: what dies there is large buffers, not objects. */
export const serverArguments = ['--max-semi-space-size=16', join(root, 'packages', 'server', 'main.ts')]

/**
 * Node.js keeps what it made of the sources. The allocator keeps few arenas, so that six threads do not each hoard their own. A
 * hung disk holds a thread of the pool, and must not hold the others' too.
 */
export const serverEnvironment = {
  NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node'),
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(32 * 1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(32 * 1024 * 1024),
  UV_THREADPOOL_SIZE: '16',
}
