/** How the server is started, by whoever starts it: the flags and the environment that keep it small. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Behind the path of the project's Node.js. What dies here is large buffers, not objects, so young generations stay small. A heap of
 * 20 MiB is not collected as a whole because a few megabytes of buffers came and went: V8's own step costs a sixth of a large PUT.
 * A young generation is collected by its own thread: four helpers each, woken for a millisecond, cost 6 to 9 % of a small PUT.
 */
export const serverArguments = [
  '--max-semi-space-size=8',
  '--no-parallel-scavenge',
  '--heap-growing-percent=400',
  join(root, 'packages', 'server', 'main.ts'),
]

/**
 * Node.js keeps what it made of the sources. The allocator keeps few arenas, so that six threads do not each hoard their own, and a
 * chunk's memory for the next chunk instead of giving it back to the system and taking it again, which costs a third of a large
 * GET. A hung disk holds a thread of the pool, and must not hold the others' too.
 */
export const serverEnvironment = {
  NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node'),
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(32 * 1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(32 * 1024 * 1024),
  UV_THREADPOOL_SIZE: '16',
}
