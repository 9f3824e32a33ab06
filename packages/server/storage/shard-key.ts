/** A shard's id as one string, for maps and for order: 32 hex digits of the stripe, two of the index. */
import { asStripeId, type StripeId } from '@holdfast/core/wire/ids.ts'
import type { ShardId } from './shard-store.ts'

declare const brand: unique symbol
export type ShardKey = string & { readonly [brand]: 'shardKey' }

const STRIPE_DIGITS = 32

export function shardKey(id: ShardId): ShardKey {
  return keyOf(id.stripe, id.index)
}

export function keyOf(stripe: string, index: number): ShardKey {
  return (stripe + (index < 16 ? '0' : '') + index.toString(16)) as ShardKey
}

export function stripeOf(key: ShardKey): StripeId {
  return key.slice(0, STRIPE_DIGITS) as StripeId
}

export function indexOf(key: ShardKey): number {
  return Number.parseInt(key.slice(STRIPE_DIGITS), 16)
}

export function idOf(key: ShardKey): ShardId {
  return { stripe: asStripeId(stripeOf(key)), index: indexOf(key) }
}
