/** Below this a chunk's row in the catalog weighs too much against its bytes. */
export const CHUNK_BYTES_MIN = 4096

/** Of plain bytes. A chunk is also at most k MiB, so that what a cut leaves over and what comes next fit one stripe. */
export const CHUNK_BYTES_MAX = 2 * 1024 * 1024
