/** Reads that a disk's first EIO does not end: some drives answer when asked once more, and none is asked a third time. */
import { type DiskFile, systemCodeOf } from '../seams/disk.ts'

export async function readTwice(file: DiskFile, into: Uint8Array, position: number): Promise<number> {
  try {
    return await file.read(into, position)
  } catch (error) {
    if (systemCodeOf(error) !== 'EIO') throw error
    return await file.read(into, position)
  }
}
