import { z } from 'zod'

export const aboutSchema = z
  .object({ name: z.string(), version: z.string(), links: z.record(z.string(), z.string()) })
  .meta({ id: 'About' })

/** Figures of this process since it started. Prometheus text comes with its own door. */
export const metricsSchema = z
  .object({
    process: z.object({ uptimeMs: z.number(), residentBytes: z.int(), heapUsedBytes: z.int() }),
    requests: z.object({ begun: z.int(), bodiesInFlight: z.int(), problems: z.record(z.string(), z.int()) }),
    recount: z
      .object({ rows: z.int(), passes: z.int(), differences: z.int() })
      .describe('References counted again; every difference is a bug, and in the log'),
    shards: z
      .object({ damaged: z.int(), missing: z.int() })
      .describe('That reads found damaged or missing where they should be'),
  })
  .meta({ id: 'Metrics' })
