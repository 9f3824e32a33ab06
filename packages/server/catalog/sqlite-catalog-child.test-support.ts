/**
 * The other process of a test: `node sqlite-catalog-child.test-support.ts DIRECTORY DEED FROM`. It opens the catalog, says `ready`, and
 * waits; or writes things numbered from FROM, and prints each number when its write has resolved (`write`) or, for the control that
 * must lose some, when it was asked (`write-early`). Where `fatal` is called it prints `fatal` and ends with 70.
 */
import { makeTables, putThing } from './catalog-contract-transactions.ts'
import { sqliteDialect } from './dialect.ts'
import { SqliteCatalog } from './sqlite-catalog.ts'
import { optionsFor, thingNumber } from './sqlite-catalog-fixture.ts'

const LANES = 32
const [directory = '', deed, from] = process.argv.slice(2)
const say = (line: string | number): boolean => process.stdout.write(`${line}\n`)

const catalog = await SqliteCatalog.open({
  ...optionsFor(directory),
  fatal: () => {
    say('fatal')
    process.exit(70)
  },
})
let next = Number(from)
if (next === 0) await catalog.write(makeTables, sqliteDialect)
say('ready')
// The catalog's threads keep a process alive that has nothing else to do.
if (deed !== 'hold') await Promise.all(Array.from({ length: LANES }, writeForEver))

async function writeForEver(): Promise<never> {
  for (;;) {
    const number = next++
    if (deed === 'write-early') say(number)
    await catalog.write(putThing, thingNumber(number))
    if (deed === 'write') say(number)
  }
}
