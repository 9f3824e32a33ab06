/** Turns what does not fit a schema into one problem that names every place. */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { ProblemPlace } from '@holdfast/core/wire/rest/problem.ts'
import type { z } from 'zod'

const PLACES_MAX = 20

export class ValidationError extends HoldfastError {
  readonly places: readonly ProblemPlace[]

  constructor(code: 'bad_request' | 'limit_exceeded', message: string, places: readonly ProblemPlace[]) {
    super(code, message)
    this.places = places
  }
}

/** @throws bad_request; limit_exceeded where all that is wrong is too large */
export function validated<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: 'body' | 'query',
): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const { issues } = result.error
  const code = issues.every((issue) => issue.code === 'too_big') ? 'limit_exceeded' : 'bad_request'
  const places = issues.slice(0, PLACES_MAX).map((issue): ProblemPlace => {
    const detail = detailOf(issue, schema)
    const steps = issue.path.map(String)
    if (where === 'query') return { detail, ...(steps[0] !== undefined && { parameter: steps[0] }) }
    return {
      detail,
      pointer: steps.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
    }
  })
  const [first] = places
  const at = first?.parameter ?? first?.pointer ?? ''
  throw new ValidationError(code, `the ${where} does not fit: ${at === '' ? '' : `${at}: `}${first?.detail}`, places)
}

/** Names the fields where there should have been an object and is none: who left the body out hears what belongs into it. */
function detailOf({ code, path, message }: z.core.$ZodIssue, schema: z.ZodType): string {
  if (code !== 'invalid_type') return message
  const said = message.replace('Invalid input: ', '').replace('received undefined', 'received nothing')
  const fields = path.length === 0 && 'shape' in schema ? Object.keys(schema.shape ?? {}) : []
  return said.replace('expected object', fields.length === 0 ? '$&' : `$& with ${fields.join(', ')}`)
}
