/**
 * One transaction on one PostgreSQL connection: BEGIN, the statements that the steps yield, COMMIT or ROLLBACK. What the client throws
 * leaves here as `catalog_unavailable` where the server or the way to it failed, else as it is.
 */
import { assert } from '@holdfast/core/wire/assert.ts'
import type { PoolClient } from 'pg'
import { countPlaceholders, numberPlaceholders } from './placeholders.ts'
import { failureOf, isRolledBack, outcomeUnknownError } from './postgres-errors.ts'
import type { Row, Steps, Value } from './transaction.ts'

/** Each named statement stays prepared in each connection; texts beyond these are prepared each time. */
const NAMED_MAX = 500

interface Text {
  readonly text: string
  readonly name: string | undefined
  readonly placeholders: number
}

export class StatementTexts {
  readonly #texts = new Map<string, Text>()

  of(sql: string): Text {
    const known = this.#texts.get(sql)
    if (known !== undefined) return known
    const isNamed = this.#texts.size < NAMED_MAX
    const text = {
      text: numberPlaceholders(sql),
      name: isNamed ? `holdfast_${this.#texts.size}` : undefined,
      placeholders: countPlaceholders(sql),
    }
    if (isNamed) this.#texts.set(sql, text)
    return text
  }
}

/** Whatever it throws, the caller rolls back, or ends the connection. */
export async function runTransaction<Result>(
  client: PoolClient,
  texts: StatementTexts,
  begin: string,
  steps: Steps<Result>,
): Promise<Result> {
  await client.query(begin).catch(rethrow)
  let step = steps.next([])
  while (!step.done) step = steps.next(await query(client, texts.of(step.value.sql), step.value.args))
  await commit(client)
  return step.value
}

async function query(client: PoolClient, { name, text, placeholders }: Text, args: readonly Value[]): Promise<Row[]> {
  assert(args.length === placeholders, `${placeholders} arguments belong to ${text}, not ${args.length}`)
  const values = args.map(bind)
  const { rows } = await client
    .query<Row>(name === undefined ? { text, values } : { name, text, values })
    .catch(rethrow)
  return rows
}

/**
 * A server that replicates synchronously ends a COMMIT that waited too long for its standby with success and a mere warning,
 * although the standby does not have it: such a COMMIT counts as unknown.
 */
async function commit(client: PoolClient): Promise<void> {
  let warning: Error | undefined
  const onNotice = (notice: { severity: string | undefined; message: string | undefined }): void => {
    if (notice.severity === 'WARNING') warning = new Error(notice.message)
  }
  client.on('notice', onNotice)
  try {
    const { command } = await client.query('COMMIT')
    assert(command === 'COMMIT', `a transaction without a failed statement commits, and this one had a ${command}`)
  } catch (error) {
    throw isRolledBack(error) ? error : outcomeUnknownError(error)
  } finally {
    client.off('notice', onNotice)
  }
  if (warning !== undefined) throw outcomeUnknownError(warning)
}

function bind(value: Value): string | Uint8Array | null {
  if (typeof value !== 'number') return value
  assert(Number.isSafeInteger(value), `the catalog keeps whole numbers, not ${value}`)
  return String(value)
}

function rethrow(error: unknown): never {
  throw failureOf(error)
}
