/** How the bytes of an upload travel. Apart from the policy, whose schemas are ten megabytes in each thread that loads them. */
export const strategies = ['direct', 'chunked', 'streaming'] as const
export type Strategy = (typeof strategies)[number]
