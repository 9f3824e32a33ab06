import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { describe, it } from 'node:test'

describe('what a thread of the catalog loads', () => {
  it('holds no schemas, which are for what comes from outside, and ten megabytes per thread', async () => {
    const loaded: string[] = []
    const hooks = registerHooks({
      resolve(specifier, context, next) {
        const resolved = next(specifier, context)
        loaded.push(resolved.url)
        return resolved
      },
    })
    await import('./transactions.ts')
    assert.ok(loaded.some((url) => url.endsWith('/row-readers.ts')))
    assert.deepEqual(
      loaded.filter((url) => url.includes('/zod/')),
      [],
    )
    await import('@holdfast/core/wire/policy.ts')
    assert.ok(loaded.some((url) => url.includes('/zod/')))
    hooks.deregister()
  })
})
