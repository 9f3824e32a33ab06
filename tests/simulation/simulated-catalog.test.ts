import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { catalogContract } from '@holdfast/server/catalog/catalog-contract.ts'
import { increment, makeTables, readCounter } from '@holdfast/server/catalog/catalog-contract-transactions.ts'
import { sqliteDialect } from '@holdfast/server/catalog/dialect.ts'
import { SimulatedCatalog, SimulatedCatalogDisk } from './simulated-catalog.ts'

const heads = { bytes: (length: number) => new Uint8Array(length), float: () => 0 }
const tails = { ...heads, float: () => 0.9 }

/** Grants nothing by itself. */
class Grants {
  readonly #asked: (() => void)[] = []

  readonly grant = (): Promise<void> => new Promise((resolve) => this.#asked.push(resolve))

  async next(): Promise<void> {
    await turn()
    this.#asked.shift()?.()
    await turn()
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

catalogContract('simulated', {
  dialect: sqliteDialect,
  open: async () => SimulatedCatalog.open({ disk: new SimulatedCatalogDisk(), grant: turn, random: heads }),
})

describe('simulated catalog', () => {
  for (const { random, left } of [
    { random: heads, left: 2 },
    { random: tails, left: 1 },
  ]) {
    it(`answers nobody before the sync was granted; a crash during it leaves ${left} of 2 increments`, async () => {
      using disk = new SimulatedCatalogDisk()
      const grants = new Grants()
      const catalog = SimulatedCatalog.open({ disk, grant: grants.grant, random })
      const answers: number[] = []
      const asked: Promise<unknown>[] = []
      const add = (): void => {
        asked.push(catalog.write(increment, { name: 'a', by: 1 }).then((answer) => answers.push(answer)))
      }
      asked.push(catalog.write(makeTables, sqliteDialect))
      await grants.next()
      add()
      await turn()
      assert.deepEqual(answers, [])
      assert.equal(catalog.look(readCounter, 'a'), 0)
      await grants.next()
      assert.deepEqual(answers, [1])
      add()
      await turn()
      catalog.crash()
      await grants.next()
      assert.deepEqual(answers, [1])
      // The last never gets an answer.
      await Promise.all(asked.slice(0, -1))
      const next = SimulatedCatalog.open({ disk, grant: turn, random })
      assert.equal(next.look(readCounter, 'a'), left)
    })
  }

  it('loses what it answered, when it answers before the sync (control)', async () => {
    using disk = new SimulatedCatalogDisk()
    const grants = new Grants()
    const catalog = SimulatedCatalog.open({ disk, grant: grants.grant, random: tails, answersEarly: true })
    await catalog.write(makeTables, sqliteDialect)
    await grants.next()
    assert.equal(await catalog.write(increment, { name: 'a', by: 1 }), 1)
    catalog.crash()
    assert.equal(SimulatedCatalog.open({ disk, grant: turn, random: tails }).look(readCounter, 'a'), 0)
  })
})
