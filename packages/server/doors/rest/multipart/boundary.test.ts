import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { boundaryIn } from './boundary.ts'

describe('the boundary of a form', () => {
  it('is the one that its type names', () => {
    for (const [type, boundary] of [
      ['multipart/form-data; boundary=XX', 'XX'],
      ['Multipart/Form-Data;charset=utf-8;Boundary="a b:c"', 'a b:c'],
      ['multipart/form-data; boundary=----WebKitFormBoundary0 ; x=y', '----WebKitFormBoundary0'],
      [`multipart/form-data; boundary=${'x'.repeat(70)}`, 'x'.repeat(70)],
    ] as const) {
      assert.equal(boundaryIn(type), boundary)
    }
  })

  it('is refused where there is none, two, or one that cannot be', () => {
    for (const parameters of [
      '',
      '; boundary',
      '; boundary=',
      '; boundary=""',
      '; boundary="a "',
      '; boundary=a*b',
      `; boundary=${'x'.repeat(71)}`,
      '; boundary=a; boundary=b',
      '; boundary="a',
    ]) {
      assert.throws(() => boundaryIn(`multipart/form-data${parameters}`), /names one boundary/, parameters)
    }
  })

  it('belongs to forms only', () => {
    for (const type of [undefined, 'text/plain', 'multipart/form-data-x; boundary=a', 'multipart/mixed; boundary=a']) {
      assert.equal(boundaryIn(type), undefined)
    }
  })
})
