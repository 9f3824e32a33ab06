import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, it } from 'node:test'
import { GEAR_WINDOW_BYTES } from '../kernel/kernel.ts'
import { defaultChunkSizes } from './chunk-sizes.ts'
import { gearMask } from './cut-content.ts'
import { defaultGearTable, deriveGearTable } from './gear-table.ts'
import { plainScan } from './plain-scan.ts'

describe('gear tables', () => {
  it('have for ever the words of their seed', () => {
    assert.equal(
      hash('sha256', defaultGearTable.image),
      'ee2ac5b08ba14793906a822d8cb085b386d48b51b82eea774d5e4507b79f762e',
    )
    assert.equal(
      hash('sha256', deriveGearTable(new Uint8Array(32)).image),
      'c3da78ee3274c5baf03351fcf63ab79b1462129783a4ba1cdfcefe3ad91f1d45',
    )
  })

  it('differ in every part where a bit of the seed differs', () => {
    const seed = new Uint8Array(32)
    const { words } = deriveGearTable(seed)
    seed[31] = 1
    const others = deriveGearTable(seed).words
    assert.ok(words.filter((word, byte) => word === others[byte]).length === 0)
  })

  it('give no word twice by default, so that no two byte values are alike', () => {
    assert.equal(new Set(defaultGearTable.words).size, 256)
  })

  it('do not cut runs of one byte by default: such content ends at the longest length', () => {
    const easiest = gearMask(Math.log2(defaultChunkSizes.averageBytes) - 2)
    for (let value = 0; value < 256; value++) {
      const run = new Uint8Array(GEAR_WINDOW_BYTES).fill(value)
      assert.equal(plainScan(run, defaultGearTable)(run.length, run.length + 1, easiest), undefined)
    }
  })
})
