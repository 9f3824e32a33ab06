import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Catalog } from '../catalog/catalog.ts'
import { chunkNamed, pageOf, TestCatalog } from '../catalog/test-catalog.test-support.ts'
import { Recounting } from './recounting.ts'
import { Tally } from './tally.ts'

const FILES = 2500

class Counted implements Disposable {
  readonly rows = new TestCatalog()
  readonly tally = new Tally()
  readonly alarms: unknown[] = []
  scans = 0
  readonly #catalog: Pick<Catalog, 'scan'> = {
    scan: async (transaction, args) => {
      this.scans++
      return this.rows.run(transaction, args)
    },
  }
  readonly recounting = new Recounting(this.#catalog, this.tally, (_, { count }) => this.alarms.push(count))

  constructor() {
    const session = this.rows.openSession()
    const chunks = Array.from({ length: FILES }, (_, i) => chunkNamed(`${i}`))
    this.rows.commitStripe({ session, chunks })
    const sessions = [session.session]
    for (const [i, chunk] of chunks.entries()) this.rows.commitVersion(`${i}`, { sessions, chunk })
    this.rows.commitVersion('paged', { sessions, pages: [pageOf(chunks.slice(0, 2))] })
  }

  async turnsToTheEnd(): Promise<number> {
    const { passes } = this.tally.recount
    let turns = 0
    for (; this.tally.recount.passes === passes; turns++) await this.recounting.turn()
    return turns
  }

  [Symbol.dispose](): void {
    this.rows[Symbol.dispose]()
  }
}

describe('counting again', () => {
  it('goes through all that there is, a little at each turn, and begins anew', async () => {
    using counted = new Counted()
    const turns = await counted.turnsToTheEnd()
    assert.ok(turns > 1 && counted.scans <= turns * 10, `${counted.scans} scans in ${turns} turns`)
    assert.deepEqual(counted.tally.recount, { rows: 2 * FILES + 2, passes: 1, differences: 0 })
    await counted.turnsToTheEnd()
    assert.deepEqual(counted.tally.recount, { rows: 2 * (2 * FILES + 2), passes: 2, differences: 0 })
    assert.deepEqual(counted.alarms, [])
  })

  it('raises an alarm on a difference, wherever it is', async () => {
    using counted = new Counted()
    const wrong = chunkNamed(`${FILES - 1}`)
    counted.rows.engine.query('UPDATE chunks SET refs = refs + 1 WHERE chunk_id = ?', [Buffer.from(wrong, 'hex')])
    await counted.turnsToTheEnd()
    assert.equal(counted.tally.recount.differences, 1)
    assert.deepEqual(counted.alarms, [1])
  })

  it('stays where it was when a call fails', async () => {
    using counted = new Counted()
    let fails = true
    const catalog: Pick<Catalog, 'scan'> = {
      scan: async (transaction, args) => {
        if (fails) throw new Error('the disk says no')
        return counted.rows.run(transaction, args)
      },
    }
    const recounting = new Recounting(catalog, counted.tally, () => assert.fail())
    await assert.rejects(recounting.turn(), /says no/)
    fails = false
    while (counted.tally.recount.passes === 0) await recounting.turn()
    assert.equal(counted.tally.recount.rows, 2 * FILES + 2)
  })
})
