/**
 * Buffers that ciphers, sockets and disks hand out are small objects with up to megabytes behind them, which V8 gives back when it
 * next collects: by then there are hundreds of megabytes of them. Whoever has a buffer to itself and is done with it gives its memory back
 * at once, and the next one is the same memory, still warm: ciphers run twice as fast.
 *
 * It is the owner who frees, once, when nothing reads or writes there any more, neither the system nor a thread. Whoever looks at a
 * buffer that was freed sees no bytes at all, and never those of another.
 */

/** Shorter ones die young, and cost less to collect. */
const FREED_BYTES_MIN = 16 * 1024

/** What shares its memory with others, as a part does, is left to V8. */
export function freeBytes({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < FREED_BYTES_MIN || byteLength !== buffer.byteLength) return
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
