/** All ways to choose so many of the items, in their order. */
export function* subsets<T>(items: readonly T[], size: number): Generator<T[]> {
  if (size === 0) yield []
  else {
    for (const [index, item] of items.entries()) {
      for (const rest of subsets(items.slice(index + 1), size - 1)) yield [item, ...rest]
    }
  }
}

export function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index)
}
