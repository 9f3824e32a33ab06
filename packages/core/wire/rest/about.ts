import { z } from 'zod'

export const aboutSchema = z
  .object({ name: z.string(), version: z.string(), links: z.record(z.string(), z.string()) })
  .meta({ id: 'About' })

/** Figures of this process since it started. Prometheus text comes with its own door. */
export const metricsSchema = z
  .object({
    process: z.object({ uptimeMs: z.number(), residentBytes: z.int(), heapUsedBytes: z.int() }),
    requests: z.object({ begun: z.int(), bodiesInFlight: z.int(), problems: z.record(z.string(), z.int()) }),
  })
  .meta({ id: 'Metrics' })
