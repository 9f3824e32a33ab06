/**
 * The code once more, slow and obviously right: numbers of GF(2^8) by tables of logarithms, parity by its definition, and
 * missing shards by solving equations on the shards themselves. It shares nothing with the fast one, which is compared
 * with it; only tests use it.
 */
import { assert } from '../wire/assert.ts'

const antilogarithms: number[] = []
const logarithms: number[] = []
for (let exponent = 0, power = 1; exponent < 255; exponent++) {
  antilogarithms[exponent] = power
  logarithms[power] = exponent
  power = power < 128 ? power * 2 : (power * 2) ^ 0x11d
}

/** 2 to the exponent. */
function powerOfTwo(exponent: number): number {
  return antilogarithms[exponent % 255] ?? 0
}

function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : powerOfTwo((logarithms[a] ?? 0) + (logarithms[b] ?? 0))
}

function divide(a: number, b: number): number {
  return a === 0 ? 0 : powerOfTwo((logarithms[a] ?? 0) + 255 - (logarithms[b] ?? 0))
}

/** parity r = sum over c of 2^(r c) x data c. */
export function encodeSlowly(dataShards: readonly Uint8Array[], parityShards: number): Uint8Array[] {
  return Array.from({ length: parityShards }, (_, r) => {
    const parity = new Uint8Array(dataShards[0]?.length ?? 0)
    dataShards.forEach((data, c) => {
      data.forEach((byte, at) => {
        parity[at] = (parity[at] ?? 0) ^ times(byte, powerOfTwo(r * c))
      })
    })
    return parity
  })
}

interface Equation {
  readonly coefficients: number[]
  readonly sum: Uint8Array
}

/** The data shards, from k shards of any index: each is an equation in the data shards, solved one unknown at a time. */
export function decodeSlowly(
  dataShards: number,
  present: readonly { index: number; bytes: Uint8Array }[],
): Uint8Array[] {
  let open: Equation[] = present.map(({ index, bytes }) => ({
    coefficients: Array.from({ length: dataShards }, (_, c) => {
      if (index >= dataShards) return powerOfTwo((index - dataShards) * c)
      return index === c ? 1 : 0
    }),
    sum: bytes,
  }))
  const solvedFor: Equation[] = []
  for (let unknown = 0; unknown < dataShards; unknown++) {
    const chosen = open.find(({ coefficients }) => coefficients[unknown] !== 0)
    assert(chosen !== undefined, 'the equations are independent')
    open = open.filter((equation) => equation !== chosen).map((equation) => without(equation, chosen, unknown))
    solvedFor[unknown] = chosen
  }
  const shards: Uint8Array[] = []
  for (let unknown = dataShards - 1; unknown >= 0; unknown--) {
    let equation = solvedFor[unknown]
    assert(equation !== undefined, 'every unknown has its equation')
    for (let known = unknown + 1; known < dataShards; known++) {
      equation = without(
        equation,
        { coefficients: unit(known, dataShards), sum: shards[known] ?? new Uint8Array() },
        known,
      )
    }
    const divisor = equation.coefficients[unknown] ?? 0
    shards[unknown] = equation.sum.map((byte) => divide(byte, divisor))
  }
  return shards
}

/** The equation less as much of the other as takes the unknown away. */
function without(equation: Equation, other: Equation, unknown: number): Equation {
  const factor = divide(equation.coefficients[unknown] ?? 0, other.coefficients[unknown] ?? 0)
  return {
    coefficients: equation.coefficients.map(
      (coefficient, c) => coefficient ^ times(factor, other.coefficients[c] ?? 0),
    ),
    sum: equation.sum.map((byte, at) => byte ^ times(factor, other.sum[at] ?? 0)),
  }
}

function unit(index: number, size: number): number[] {
  return Array.from({ length: size }, (_, c) => (c === index ? 1 : 0))
}
