/**
 * Range (RFC 9110, 14): one range of bytes is answered with 206 or, where no byte of the file lies in it, with 416. What is no
 * range of bytes, or asks for several, is as if it were not there.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { ByteRange } from '../../../files/downloads.ts'

const ONE = /^bytes=\s*(\d*)-(\d*)\s*$/i

/** @throws range_not_satisfiable */
export function rangeIn(header: string, size: number): ByteRange | undefined {
  const found = ONE.exec(header)
  const [, from = '', to = ''] = found ?? []
  if (from === '') return lastBytes(to, size)
  const first = Number(from)
  const last = to === '' ? size - 1 : Number(to)
  if (to !== '' && last < first) return undefined
  if (first >= size) throw outside(header, size)
  return { offset: first, length: Math.min(last, size - 1) - first + 1 }
}

function lastBytes(count: string, size: number): ByteRange | undefined {
  if (count === '') return undefined
  if (Number(count) === 0) throw outside(`bytes=-${count}`, size)
  // Nothing is no part that could be named; all of it is.
  if (size === 0) return undefined
  const length = Math.min(Number(count), size)
  return { offset: size - length, length }
}

function outside(header: string, size: number): HoldfastError {
  return new HoldfastError('range_not_satisfiable', `${header} lies outside a file of ${size} bytes`, {
    details: { size },
  })
}
