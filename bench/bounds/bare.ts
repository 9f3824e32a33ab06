import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Target } from '../load/jobs.ts'

const SERVER = fileURLToPath(new URL('./bare-server.ts', import.meta.url))

export interface Bound extends Disposable {
  readonly target: Target
}

/** Starts `bare-server.ts` with these arguments. */
export async function startBare(...args: string[]): Promise<Bound> {
  const child = fork(SERVER, args)
  const [port]: unknown[] = await once(child, 'message')
  return { target: { port: Number(port), headers: '' }, [Symbol.dispose]: () => void child.kill() }
}
