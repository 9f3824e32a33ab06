/**
 * A bare `node:http` server, the bound of the small files: `append FILE` appends every body to one file under grouped `fdatasync` and
 * then answers; `memory BYTES` answers every request with so many bytes. It says its port to whoever forked it.
 */
import { closeSync, fdatasync, openSync, writev } from 'node:fs'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { promisify } from 'node:util'

const write = promisify(writev)
const sync = promisify(fdatasync)

interface Body {
  readonly parts: readonly Uint8Array[]
  readonly response: ServerResponse
}

function append(path: string): RequestListener {
  const file = openSync(path, 'a')
  let waiting: Body[] = []
  let running = false
  process.on('exit', () => closeSync(file))

  /** One group after the other: what arrives while one is synced is the next. */
  async function store(): Promise<void> {
    running = true
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      await write(
        file,
        group.flatMap(({ parts }) => parts),
      )
      await sync(file)
      for (const { response } of group) response.writeHead(201, { 'content-length': 0 }).end()
    }
    running = false
  }

  return (request, response) => {
    const parts: Uint8Array[] = []
    request.on('data', (part: Uint8Array) => parts.push(part))
    request.on('end', () => {
      waiting.push({ parts, response })
      if (!running) store().catch(fail)
    })
  }
}

function memory(bytes: number): RequestListener {
  const body = Buffer.alloc(bytes, 'x')
  return (_request, response) => {
    response.writeHead(200, { 'content-length': bytes }).end(body)
  }
}

function fail(error: unknown): void {
  process.stderr.write(`the bare server failed: ${error}\n`)
  process.exit(1)
}

const [mode, argument = ''] = process.argv.slice(2)
const server = createServer(mode === 'append' ? append(argument) : memory(Number(argument)))
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) process.send?.(address.port)
})
process.on('disconnect', () => process.exit())
