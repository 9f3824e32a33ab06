/**
 * A small file of one line of canonical JSON and its CRC-32:
 *
 *     {"format":1,…}⏎
 *     e2e26054⏎
 *
 * It is replaced as a whole, so that a crash leaves the old one or the new one.
 */
import { crc32 } from 'node:zlib'
import { type Disk, systemCodeOf } from '../seams/disk.ts'

const FILE_BYTES_MAX = 1024
const SHAPE = /^(\{.*\}\n)([0-9a-f]{8})\n$/s

export type CheckedLine =
  | { readonly is: 'known'; readonly value: { readonly format: unknown } }
  | { readonly is: 'missing' }
  | { readonly is: 'damaged' }

export async function readLine(disk: Disk, name: string): Promise<CheckedLine> {
  let bytes: Buffer
  try {
    await using file = await disk.open(name, { mode: 'read' })
    const into = Buffer.alloc(FILE_BYTES_MAX)
    bytes = into.subarray(0, await file.read(into, 0))
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return { is: 'missing' }
    throw error
  }
  return parseLine(bytes.toString('utf8'))
}

/** On disk when it returns. The fields are written in the order in which they were made. */
export async function replaceLine(
  disk: Disk,
  name: string,
  value: { readonly format: number; readonly [field: string]: string | number },
): Promise<void> {
  const beside = `${name}.new`
  const line = `${JSON.stringify(value)}\n`
  if (await disk.exists(beside)) await disk.remove(beside)
  {
    await using file = await disk.open(beside, { mode: 'create' })
    await file.write([Buffer.from(`${line}${crcOf(line)}\n`)], 0)
    await file.sync()
  }
  await disk.rename(beside, name)
  await disk.syncDirectory('.')
}

function parseLine(text: string): CheckedLine {
  const [, line, crc] = SHAPE.exec(text) ?? []
  if (line === undefined || crc !== crcOf(line)) return { is: 'damaged' }
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { is: 'damaged' }
  }
  if (typeof value !== 'object' || value === null || !('format' in value)) return { is: 'damaged' }
  return { is: 'known', value }
}

function crcOf(line: string): string {
  return crc32(line).toString(16).padStart(8, '0')
}
