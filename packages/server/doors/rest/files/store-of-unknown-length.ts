/**
 * A body whose length nobody said is most often small. So its beginning is gathered in lent room; one that ends there is handed over
 * whole, like any small body, and only a longer one streams.
 */
import type { UploadRequest, UploadResult } from '../../../files/uploads.ts'
import type { UploadFloor } from '../floor.ts'
import { GATHERED_BYTES_MAX } from '../limits.ts'

export async function storeOfUnknownLength(
  uploads: UploadFloor,
  put: Omit<UploadRequest, 'body'>,
  body: AsyncIterableIterator<Uint8Array>,
): Promise<UploadResult> {
  const head: Uint8Array[] = []
  try {
    const stored = await uploads.admit(GATHERED_BYTES_MAX, put.signal, async () => {
      const isWhole = await gather(body, head)
      return isWhole ? await uploads.put({ ...put, body: Buffer.concat(head) }) : undefined
    })
    return stored ?? (await uploads.put({ ...put, body: headFirst(head, body) }))
  } finally {
    // Whoever comes behind this reader, to throw the rest away, must find the body free.
    await body.return?.()
  }
}

/** True where the body ended within the limit. */
async function gather(body: AsyncIterator<Uint8Array>, head: Uint8Array[]): Promise<boolean> {
  let gatheredBytes = 0
  while (gatheredBytes <= GATHERED_BYTES_MAX) {
    const next = await body.next()
    if (next.done) return true
    head.push(next.value)
    gatheredBytes += next.value.length
  }
  return false
}

async function* headFirst(
  head: Uint8Array[],
  rest: AsyncIterableIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, undefined> {
  for (let piece = head.shift(); piece !== undefined; piece = head.shift()) yield piece
  yield* rest
}
