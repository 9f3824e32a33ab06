/** Rows of coefficients as the kernel reads them: for each, its products with all low and all high nibbles. */
import { COEFFICIENTS_IMAGE_BYTES, PRODUCTS_BYTES, SOURCES_MAX } from '../kernel/kernel.ts'
import { multiply } from './field.ts'
import type { Row } from './matrix.ts'

const products = new Uint8Array(256 * PRODUCTS_BYTES)
for (let coefficient = 0; coefficient < 256; coefficient++) {
  for (let nibble = 0; nibble < 16; nibble++) {
    products[coefficient * PRODUCTS_BYTES + nibble] = multiply(coefficient, nibble)
    products[coefficient * PRODUCTS_BYTES + 16 + nibble] = multiply(coefficient, nibble << 4)
  }
}

export function coefficientsImage(rows: readonly Row[]): Uint8Array {
  const image = new Uint8Array(COEFFICIENTS_IMAGE_BYTES)
  rows.forEach((row, rowIndex) => {
    row.forEach((coefficient, column) => {
      const from = coefficient * PRODUCTS_BYTES
      image.set(products.subarray(from, from + PRODUCTS_BYTES), (rowIndex * SOURCES_MAX + column) * PRODUCTS_BYTES)
    })
  })
  return image
}
