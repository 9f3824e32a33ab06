import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stripeIdOf } from '@holdfast/core/wire/ids.ts'
import { chunkNamed, TestCatalog } from '../test-catalog.test-support.ts'
import { shardsOf } from './shards-of.ts'

describe('shardsOf', () => {
  it('says where the stripes that it is asked for have their shards, and nothing of others', () => {
    using catalog = new TestCatalog()
    const session = catalog.openSession()
    const { stripe } = catalog.commitStripe({ session, chunks: [chunkNamed('a')] })
    catalog.commitStripe({ session, chunks: [chunkNamed('b')] })
    assert.deepEqual(
      catalog.run(shardsOf, { stripes: [stripe.stripe, stripeIdOf(session.session, 900)] }),
      stripe.shards.map(({ index, node }) => ({ stripe: stripe.stripe, index, node })),
    )
  })
})
