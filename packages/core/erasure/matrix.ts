/**
 * The matrix of the code. Shard i is row i times the data shards: for data shards a row of the identity, for parity
 * shard r the row
 *
 *     2^(r x 0)  2^(r x 1)  2^(r x 2)  ...          r = 0..3
 *
 * which is 1 1 1 1 .. (XOR), 1 2 4 8 .., 1 4 16 64 .., 1 8 64 .. . Any k rows must be independent, which is so exactly
 * where every square part of the parity rows is invertible. Rows of powers do not promise that for every size; for 4 rows
 * of 16 it holds, and the test beside this file computes all 4,844 parts. The rows depend on neither k nor m: RAID 6
 * and ISA-L (`gf_gen_rs_matrix`) write the same parity, and for k = 1 every shard is a copy.
 */
import { assert } from '../wire/assert.ts'
import { invert, multiply } from './field.ts'
import type { ErasureShape } from './shape.ts'

export type Row = Uint8Array

export function parityRow(parityIndex: number, dataShards: number): Row {
  let step = 1
  for (let power = 0; power < parityIndex; power++) step = multiply(step, 2)
  const row = new Uint8Array(dataShards)
  let coefficient = 1
  for (let column = 0; column < dataShards; column++) {
    row[column] = coefficient
    coefficient = multiply(coefficient, step)
  }
  return row
}

/** What makes a shard out of the data shards. */
function shardRow({ dataShards }: ErasureShape, shardIndex: number): Row {
  return shardIndex < dataShards ? unitRow(shardIndex, dataShards) : parityRow(shardIndex - dataShards, dataShards)
}

/** What makes each wanted shard out of k present ones. */
export function rebuildRows(shape: ErasureShape, present: readonly number[], wanted: readonly number[]): Row[] {
  const inverse = invertMatrix(present.map((shardIndex) => shardRow(shape, shardIndex)))
  return wanted.map((shardIndex) => {
    const row = new Uint8Array(present.length)
    shardRow(shape, shardIndex).forEach((coefficient, column) => {
      const dataRow = inverse[column]
      assert(dataRow !== undefined, 'an inverse has a row for each data shard')
      addMultiple(row, dataRow, coefficient)
    })
    return row
  })
}

/** Gauss and Jordan: what turns the matrix into the identity turns the identity into the inverse. */
export function invertMatrix(matrix: readonly Row[]): Row[] {
  const size = matrix.length
  const rows: Row[] = matrix.map((row, index) => Uint8Array.of(...row, ...unitRow(index, size)))
  for (let column = 0; column < size; column++) {
    const pivot = rows.findIndex((row, index) => index >= column && row[column] !== 0)
    const pivotRow = rows[pivot]
    const columnRow = rows[column]
    assert(pivotRow !== undefined && columnRow !== undefined, 'the shards at hand determine the data')
    const unit = scaled(pivotRow, invert(pivotRow[column] ?? 0))
    rows[pivot] = columnRow
    rows[column] = unit
    for (const row of rows) if (row !== unit) addMultiple(row, unit, row[column] ?? 0)
  }
  return rows.map((row) => row.subarray(size))
}

function unitRow(index: number, size: number): Row {
  const row = new Uint8Array(size)
  row[index] = 1
  return row
}

function scaled(row: Row, factor: number): Row {
  return row.map((coefficient) => multiply(coefficient, factor))
}

/** Most factors are zero: the rows of data shards are unit rows already. */
function addMultiple(row: Row, other: Row, factor: number): void {
  if (factor === 0) return
  other.forEach((coefficient, column) => {
    row[column] = (row[column] ?? 0) ^ multiply(coefficient, factor)
  })
}
