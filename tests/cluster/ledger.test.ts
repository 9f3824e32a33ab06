/** The judge of the kill test is judged: each made-up history has one fault, and it must be named. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ABSENT, Ledger, stateOf } from './ledger.ts'

const OLD = stateOf(Buffer.from('old'))
const NEW = stateOf(Buffer.from('new'))

function ledgerOf(...acts: readonly (readonly ['began' | 'acknowledged', string])[]): Ledger {
  const ledger = new Ledger()
  for (const [act, state] of acts) ledger[act]('a', state)
  return ledger
}

describe('the ledger of what was acknowledged', () => {
  it('accepts what was acknowledged, and of an unknown outcome the old and the new state', () => {
    assert.equal(ledgerOf(['began', OLD], ['acknowledged', OLD]).found('a', OLD), undefined)
    for (const state of [OLD, NEW]) {
      assert.equal(ledgerOf(['acknowledged', OLD], ['began', NEW]).found('a', state), undefined)
    }
    for (const state of [OLD, ABSENT]) {
      assert.equal(ledgerOf(['acknowledged', OLD], ['began', ABSENT]).found('a', state), undefined)
    }
    assert.equal(ledgerOf(['began', NEW]).found('a', ABSENT), undefined)
  })

  it('finds a lost file', () => {
    const ledger = ledgerOf(['began', OLD], ['acknowledged', OLD])
    assert.match(ledger.found('a', ABSENT) ?? '', /^a is absent/)
    assert.deepEqual(ledger.listed([]), ['a is not listed'])
  })

  it('finds bytes that nobody wrote', () => {
    assert.ok(ledgerOf(['acknowledged', OLD], ['began', NEW]).found('a', stateOf(Buffer.from('olw'))))
    assert.ok(ledgerOf(['acknowledged', OLD]).found('a', stateOf(Buffer.from('ol'))))
  })

  it('finds an older version in the place of an acknowledged one', () => {
    assert.ok(ledgerOf(['acknowledged', OLD], ['began', NEW], ['acknowledged', NEW]).found('a', OLD))
  })

  it('finds a deleted file that came back', () => {
    const ledger = ledgerOf(['acknowledged', OLD], ['began', ABSENT], ['acknowledged', ABSENT])
    assert.ok(ledger.found('a', OLD))
    assert.deepEqual(ledger.listed(['a']), ['a is listed and absent'])
    assert.deepEqual(ledger.listed(['b', 'a']).length, 2)
  })

  it('holds an unknown outcome to what was found once', () => {
    const ledger = ledgerOf(['acknowledged', OLD], ['began', NEW])
    assert.equal(ledger.found('a', NEW), undefined)
    assert.ok(ledger.found('a', OLD))
  })
})
