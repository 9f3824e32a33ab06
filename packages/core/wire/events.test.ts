import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Event, eventSchema } from './events.ts'

const event: Event = {
  id: '42',
  type: 'file.changed',
  at: '2026-11-21T08:00:00.000Z',
  actor: 'admin',
  subject: '01a1fd4340200083e016f6e59926d77e',
  data: { path: 'a', size: 3 },
}

describe('an event', () => {
  it('has one envelope for every type', () => assert.deepEqual(eventSchema.parse(event), event))

  it('is refused with a type that is not in the union, or a time that is none', () => {
    assert.equal(eventSchema.safeParse({ ...event, type: 'file.vanished' }).success, false)
    assert.equal(eventSchema.safeParse({ ...event, at: 'yesterday' }).success, false)
  })
})
