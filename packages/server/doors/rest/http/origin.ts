/**
 * The address that a request came to, for examples that people paste into a shell. `Host` is whatever a client sent, so that only
 * what neither a page nor a shell reads as more than a name is repeated; else it is this machine's own address.
 *
 * Beyond loopback this server stands behind TLS: there the address is one of https, so that no key is ever sent in the clear.
 */
import type { IncomingMessage } from 'node:http'

const HOST = /^[a-z0-9][a-z0-9.-]{0,252}(?::\d{1,5})?$/i
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3})(?::|$)/i

export function originOf({ headers: { host = '' }, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): string {
  const named = HOST.test(host) ? host : `127.0.0.1:${socket.localPort}`
  return `${LOOPBACK.test(named) ? 'http' : 'https'}://${named}`
}
