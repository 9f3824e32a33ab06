/** A way to a PostgreSQL server that can be cut at the worst moment: when a COMMIT passes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SOCKET } from './start-postgres.ts'

const COMMIT = Buffer.from('COMMIT\0')

/**
 * `before`: the server never hears of the COMMIT. `after`: it does, and its answer is lost. `silence`: it never hears of it, and
 * the connection stays open without a word.
 */
export type Cut = 'none' | 'before' | 'after' | 'silence'

export class CutAtCommit implements AsyncDisposable {
  readonly directory: string
  cut: Cut = 'none'
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(directory: string, target: string) {
    this.directory = directory
    this.#server = createServer((near) => this.#join(near, connect(target)))
  }

  static async open(target: string): Promise<CutAtCommit> {
    const proxy = new CutAtCommit(mkdtempSync(join(tmpdir(), 'holdfast-proxy-')), target)
    await new Promise<void>((resolve) => proxy.#server.listen(join(proxy.directory, SOCKET), resolve))
    return proxy
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
    rmSync(this.directory, { recursive: true, force: true })
  }

  #join(near: Socket, far: Socket): void {
    let isCut = false
    near.on('data', (bytes) => {
      isCut = this.cut !== 'none' && bytes.includes(COMMIT)
      if (!isCut || this.cut === 'after') far.write(bytes)
      if (isCut && this.cut === 'before') near.destroy()
    })
    far.on('data', (bytes) => {
      if (isCut) near.destroy()
      else near.write(bytes)
    })
    this.#tie(near, far)
    this.#tie(far, near)
  }

  #tie(socket: Socket, other: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      other.destroy()
    })
  }
}
