/** The load generator as its starter sees it: a process of its own, so that its work is not done on the bench's own thread. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Done, Job } from './jobs.ts'

type Report = { readonly number: number } & ({ readonly done: Done } | { readonly failure: string })

interface Waiting {
  readonly resolve: (done: Done) => void
  readonly reject: (error: Error) => void
}

export class Load implements Disposable {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #number = 0

  constructor() {
    this.#child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)))
    this.#child.on('message', (report: Report) => {
      const waiting = this.#waiting.get(report.number)
      this.#waiting.delete(report.number)
      if ('done' in report) waiting?.resolve(report.done)
      else waiting?.reject(new Error(`the load generator: ${report.failure}`))
    })
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the load generator ended with ${code}`))
    })
  }

  run(job: Job): Promise<Done> {
    const number = this.#number++
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject })
      this.#child.send({ number, job })
    })
  }

  [Symbol.dispose](): void {
    this.#child.removeAllListeners('exit')
    this.#child.kill()
  }
}
