import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Done, SlowReadJob } from './jobs.ts'

export async function slowRead(job: SlowReadJob): Promise<Done> {
  const begun = performance.now()
  const read = await Promise.all(Array.from({ length: job.readers }, () => reader(job)))
  const ms = performance.now() - begun
  return { seconds: ms / 1000, requests: read.filter((bytes) => bytes > 0).length, p50Ms: ms, p99Ms: ms }
}

/** Answers how many bytes it got. What it does not take waits in the kernel's buffers and then with the server. */
async function reader({ port, path, headers, bytesPerSecond, seconds }: SlowReadJob): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1' })
  let failure: Error | undefined
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('readable', () => {})
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n`)
  let read = 0
  for (let second = 0; second < seconds; second++) {
    await wait(1000)
    const taken: Buffer | null = socket.read(bytesPerSecond)
    if (read === 0 && taken !== null && !/^HTTP\/1\.1 20/.test(taken.toString('latin1', 0, 12))) {
      throw new Error(`a slow reader was answered: ${taken.toString('latin1', 0, 200)}`)
    }
    read += taken?.length ?? 0
  }
  socket.destroy()
  if (failure !== undefined) throw failure
  return read
}
