import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { Client } from 'pg'
import { startOrSkip } from '../../../tests/postgres/start-postgres.ts'
import { systemClock } from '../seams/clock.ts'
import { systemRandom } from '../seams/random.ts'
import { PostgresCatalog } from './postgres-catalog.ts'
import { chunkNamed, TestCatalog } from './test-catalog.test-support.ts'
import { query, type Transaction } from './transaction.ts'
import { type CommitStripeArgs, commitStripe } from './transactions/commit-stripe.ts'
import { endSession } from './transactions/end-session.ts'
import { shardsOf } from './transactions/shards-of.ts'

const { started, skip } = await startOrSkip()
after(async () => started?.[Symbol.asyncDispose]())

/** A catalog in memory that tells another what it was told, so that both have the same ids. */
class Told extends TestCatalog {
  // Not a field of its own, for the first transactions run before it would be there.
  declare told: (() => Promise<unknown>)[] | undefined
  #catalog: PostgresCatalog | undefined

  override run<Args, Result>(transaction: Transaction<Args, Result>, args: Args): Result {
    this.told ??= []
    this.told.push(async () => await this.#catalog?.write(transaction, args))
    return super.run(transaction, args)
  }

  async tell(catalog: PostgresCatalog): Promise<void> {
    this.#catalog = catalog
    for (const each of this.told?.splice(0) ?? []) await each()
  }
}

/** Waits for a connection of this name. */
const GO_ON = 'go on'
const untilGoOn = `DO $$ BEGIN
  WHILE NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = '${GO_ON}') LOOP
    PERFORM pg_sleep(0.02);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
END $$`

describe('a stripe commit on PostgreSQL that is overtaken by the end of its session', { skip }, () => {
  for (const how of ['write', 'scan'] as const) {
    const fails = how === 'write'
    it(fails ? 'fails where debris was looked for' : 'would not, were debris looked for by a mere scan', async () => {
      assert.ok(started !== undefined)
      const url = await started.createDatabase(`debris_${how}`)
      await using catalog = await PostgresCatalog.open({ url, clock: systemClock, random: systemRandom })
      using rows = new Told()
      const session = rows.openSession()
      await rows.tell(catalog)
      const made = rows.stripe({ session, chunks: [chunkNamed('x')] })
      const { promise: written, resolve: isWritten } = Promise.withResolvers<void>()
      const overtaken: Transaction<CommitStripeArgs, unknown> = {
        name: commitStripe.name,
        *run(args) {
          const result = yield* commitStripe.run(args)
          isWritten()
          yield* query(untilGoOn)
          return result
        },
      }
      const committing = catalog.write(overtaken, { session: session.session, ...made })
      const outcome = committing.then(() => 'committed', codeOf)
      await written
      await catalog.write(endSession, { session: session.session })
      assert.deepEqual(await catalog[how](shardsOf, { stripes: [made.stripe.stripe] }), [])
      const goOn = new Client({ connectionString: url, application_name: GO_ON })
      await goOn.connect()
      assert.equal(await outcome, fails ? 'session_ended' : 'committed')
      await goOn.end()
    })
  }
})

function codeOf(error: unknown): string {
  return error instanceof HoldfastError ? error.code : String(error)
}
