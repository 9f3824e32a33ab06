import type { Kernel } from '../kernel/kernel.ts'
import type { Scan } from './cut-content.ts'
import type { GearTable } from './gear-table.ts'

/** Scans bytes that lie in the kernel's memory; positions are addresses there. */
export function kernelScan(kernel: Kernel, { image }: GearTable): Scan {
  return (from, to, mask) => kernel.scan(image, from, to, mask)
}
