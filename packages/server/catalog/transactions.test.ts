import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { transactions } from './transactions.ts'

describe('the transactions', () => {
  it('are found by the names that they have', () => {
    for (const [name, transaction] of Object.entries(transactions)) assert.equal(transaction.name, name)
  })

  it('are all there', async () => {
    const folder = new URL('./transactions/', import.meta.url)
    const missing: string[] = []
    for (const file of readdirSync(folder).filter((name) => !name.endsWith('.test.ts'))) {
      const exported: Record<string, unknown> = await import(new URL(file, folder).href)
      for (const [name, value] of Object.entries(exported)) {
        if (typeof value === 'object' && value !== null && 'run' in value && !(name in transactions)) missing.push(name)
      }
    }
    assert.deepEqual(missing, [])
  })
})
