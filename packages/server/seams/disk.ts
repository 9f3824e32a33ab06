/**
 * One directory on one disk, handed in: the file system here, a disk that loses, tears and keeps unsynced writes in the
 * simulator. Names are relative, with `/`; nothing above the directory can be reached.
 *
 * What is durable: bytes of a file after `sync`, or after a `write` to a file opened `durable`; a new, renamed or removed
 * name after `syncDirectory` of its directory. Everything else may be there or not after a crash, in any mixture.
 *
 * Failures are the errors of the system (`code` is `ENOSPC`, `EIO`, …); the caller gives them their meaning.
 */
export interface Disk {
  open(name: string, options: OpenOptions): Promise<DiskFile>
  /** Names in a directory, sorted; empty where there is no such directory. */
  list(directory: string): Promise<string[]>
  makeDirectory(name: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  remove(name: string): Promise<void>
  exists(name: string): Promise<boolean>
  syncDirectory(name: string): Promise<void>
  space(): Promise<{ capacityBytes: number; freeBytes: number }>
}

export interface OpenOptions {
  /** `read`: must exist; `write`: must exist, read and write; `create`: must not exist, read and write. */
  readonly mode: 'read' | 'write' | 'create'
  /**
   * Each write is on disk when it returns (O_DSYNC), past the page cache where the file system can (O_DIRECT). Such a file
   * is not read through the same handle.
   */
  readonly durable?: boolean
  /**
   * For `read`: what the disk itself holds, past the page cache where the file system can and the memory is aligned as for a durable
   * write.
   */
  readonly uncached?: boolean
}

export interface DiskFile extends AsyncDisposable {
  /**
   * Writes all of `pieces`, one behind the other, at `position`. A durable file takes pieces of multiples of 4,096 bytes at
   * multiples of 4,096; it is fastest where they also begin at such a multiple in page-aligned memory, as WebAssembly's is.
   * Where it fails, any part of the pieces may have been written.
   */
  write(pieces: readonly Uint8Array[], position: number): Promise<void>
  /** Fills `into` from `position`; answers how many bytes there were before the end. */
  read(into: Uint8Array, position: number): Promise<number>
  /** The same without waiting for the event loop: for short reads that are most likely in the page cache. */
  readNow(into: Uint8Array, position: number): number
  sync(): Promise<void>
  size(): Promise<number>
  truncate(lengthBytes: number): Promise<void>
  /** Closing twice is harmless. */
  close(): Promise<void>
}

const SYSTEM_CODE = /^E[A-Z0-9]+$/

/** The system's name of a failure, `ENOSPC` or `EIO`; undefined where it is no failure of the system. */
export function systemCodeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && SYSTEM_CODE.test(code) ? code : undefined
}
