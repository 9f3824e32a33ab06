/**
 * GF(2^8): bytes as polynomials over GF(2), modulo x^8 + x^4 + x^3 + x^2 + 1 (0x11D). Addition is XOR. This is the field
 * of RAID 6 and of most storage codes; x, the number 2, generates all of it but zero.
 */
const POLYNOMIAL = 0x11d

export function multiply(a: number, b: number): number {
  let product = 0
  let power = a
  for (let bits = b; bits !== 0; bits >>= 1) {
    if ((bits & 1) !== 0) product ^= power
    power <<= 1
    if (power > 0xff) power ^= POLYNOMIAL
  }
  return product
}

/** a^254, since a^255 = 1. */
export function invert(a: number): number {
  let inverse = 1
  for (let times = 0; times < 254; times++) inverse = multiply(inverse, a)
  return inverse
}
