/** What is wrong with an OpenAPI 3.1 document: a check of its structure, not of every schema in it. */
import { z } from 'zod'

const contentSchema = z.record(z.string(), z.strictObject({ schema: z.record(z.string(), z.unknown()) }))

const operationSchema = z.strictObject({
  operationId: z.string().min(1),
  summary: z.string().min(1),
  tags: z.array(z.string()).length(1),
  security: z.array(z.never()).optional(),
  parameters: z
    .array(
      z.strictObject({
        name: z.string(),
        in: z.enum(['path', 'query', 'header']),
        required: z.boolean(),
        description: z.string().optional(),
        schema: z.record(z.string(), z.unknown()),
      }),
    )
    .optional(),
  requestBody: z.strictObject({ required: z.boolean(), content: contentSchema }).optional(),
  responses: z.record(
    z.string().regex(/^[1-5]\d\d$/),
    z.strictObject({ description: z.string().min(1), content: contentSchema.optional() }),
  ),
})

const documentSchema = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.object({
    title: z.string(),
    version: z.string(),
    license: z.object({ name: z.string(), identifier: z.string() }),
  }),
  servers: z.array(z.object({ url: z.string() })),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  tags: z.array(z.object({ name: z.string() })),
  paths: z.record(
    z.string().startsWith('/'),
    z.partialRecord(z.enum(['get', 'head', 'put', 'post', 'patch', 'delete']), operationSchema),
  ),
  components: z.object({
    schemas: z.record(z.string(), z.unknown()),
    securitySchemes: z.record(z.string(), z.object({ type: z.string() })),
  }),
})

export function faultsOf(document: unknown): string[] {
  const parsed = documentSchema.safeParse(document)
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => `${path.join(' ')}: ${message}`)
  const { paths, tags, security, components } = parsed.data
  const faults: string[] = []
  const ids = new Set<string>()
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const where = `${method} ${path}`
      if (ids.has(operation.operationId)) faults.push(`${where}: operationId ${operation.operationId} comes twice`)
      ids.add(operation.operationId)
      const [tag] = operation.tags
      if (!tags.some(({ name }) => name === tag)) faults.push(`${where}: there is no tag ${tag}`)
      faults.push(...parameterFaults(where, path, operation.parameters ?? []))
      if (!Object.keys(operation.responses).some((status) => status.startsWith('2')))
        faults.push(`${where}: responses without success`)
    }
  }
  for (const name of security.flatMap((each) => Object.keys(each))) {
    if (components.securitySchemes[name] === undefined) faults.push(`there is no security scheme ${name}`)
  }
  for (const reference of referencesIn(document)) {
    const name = /^#\/components\/schemas\/([\w.-]+)$/.exec(reference)?.[1]
    if (name === undefined || components.schemas[name] === undefined) faults.push(`nothing is at ${reference}`)
  }
  return [...faults, ...unknownRequired(components.schemas)]
}

function parameterFaults(
  where: string,
  path: string,
  parameters: readonly { name: string; in: string; required: boolean }[],
): string[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
  const described = parameters.filter((each) => each.in === 'path')
  const keys = parameters.map((each) => `${each.in} ${each.name}`)
  return [
    ...inPath
      .filter((name) => !described.some((each) => each.name === name))
      .map((name) => `${where}: ${name} is not described`),
    ...described.filter(({ name }) => !inPath.includes(name)).map(({ name }) => `${where}: ${name} is not in the path`),
    ...described.filter(({ required }) => !required).map(({ name }) => `${where}: ${name} is not required`),
    ...keys.filter((key, index) => keys.indexOf(key) !== index).map((key) => `${where}: ${key} comes twice`),
  ]
}

/** Properties that a schema requires and does not have. */
function unknownRequired(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const { required, properties } = value as { required?: unknown; properties?: object }
  const own = Array.isArray(required)
    ? required.filter((name) => !Object.hasOwn(properties ?? {}, name)).map((name) => `there is no property ${name}`)
    : []
  return [...own, ...Object.values(value).flatMap(unknownRequired)]
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, each]) => (key === '$ref' ? [String(each)] : referencesIn(each)))
}
