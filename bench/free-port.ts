import { once } from 'node:events'
import { createServer } from 'node:net'

/** Holdfast keeps the thousand above its own port for its other doors. */
const PORT_MAX = 65_535 - 1000

export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    server.close()
    await once(server, 'close')
    if (typeof address === 'object' && address !== null && address.port <= PORT_MAX) return address.port
  }
}
