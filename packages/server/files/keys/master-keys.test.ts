import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { hasCode } from '@holdfast/core/wire/errors.ts'
import { asId, IdMaker } from '@holdfast/core/wire/ids.ts'
import { type Random, systemRandom } from '../../seams/random.ts'
import { SecretRefusedError } from '../../seams/secret-files.ts'
import { formatMasterKeys, type MasterKey, MasterKeys, makeMasterKey, parseMasterKeys } from './master-keys.ts'

// Made by another implementation of `docs/formats.md`, in another language.
const fixed: MasterKey = {
  id: asId('000102030405060708090a0b0c0d0e0f'),
  key: createSecretKey(Uint8Array.from({ length: 32 }, (_, i) => i)),
}
const fixedLine =
  'holdfast-master-key 1 000102030405060708090a0b0c0d0e0f 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 0bd53f58\n'
const fixedWrapped = {
  data7:
    '01000102030405060708090a0b0c0d0e0f9999999999999999999999992fd7e74eceed537419fb55f77b3da9cc25d04f4f5b9f9794b0df85e700569353b411b1f2bcaae62739187fe01d5326c8',
  id0: '01000102030405060708090a0b0c0d0e0f9999999999999999999999992fd7e74eceed537419fb55f77b3da9cc25d04f4f5b9f9794b0df85e700569353c2c790e425db67c2701523335e8ce621',
}
const fixedJournalKey = '00ce116e55fd53d4e2ca4aaaa98e505172028e26ba855bdf58948d150de357c1'

const bucket = asId('b0'.repeat(16))
const plainKey = new Uint8Array(32).fill(0x55)
const nines: Random = { bytes: (length) => new Uint8Array(length).fill(0x99), float: () => 0 }
const ids = new IdMaker(() => 1_767_225_600_000, systemRandom.bytes)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('the file of master keys', () => {
  it('has the bytes that the formats say', () => {
    assert.equal(formatMasterKeys([fixed]), fixedLine)
    const [read, ...others] = parseMasterKeys(fixedLine, 'master.key')
    assert.equal(others.length, 0)
    assert.equal(read?.id, fixed.id)
    assert.ok(read?.key.equals(fixed.key))
  })

  it('keeps several keys in their order', () => {
    const keys = [makeMasterKey(systemRandom, ids), makeMasterKey(systemRandom, ids), fixed]
    const read = parseMasterKeys(formatMasterKeys(keys), 'master.key')
    assert.deepEqual(
      read.map(({ id }) => id),
      keys.map(({ id }) => id),
    )
    assert.ok(read.every(({ key }, index) => keys[index]?.key.equals(key)))
  })

  it('is refused with any character changed, left out or added, on whichever line', () => {
    const good = formatMasterKeys([makeMasterKey(systemRandom, ids), fixed])
    assert.equal(parseMasterKeys(good, 'master.key').length, 2)
    const refused = (text: string): void => assert.throws(() => parseMasterKeys(text, 'master.key'), SecretRefusedError)
    // The last character ends the last line, and a person's editor may leave it out.
    for (let at = 0; at < good.length - 1; at++) {
      const [before, behind] = [good.slice(0, at), good.slice(at + 1)]
      refused(`${before}${good[at] === '1' ? '2' : '1'}${behind}`)
      refused(before + behind)
      refused(`${before} ${good[at]}${behind}`)
    }
    for (const text of [
      '',
      '\n',
      `${good}\n`,
      `# a comment\n${good}`,
      good.replaceAll('\n', '\r\n'),
      fixedLine + fixedLine,
    ])
      refused(text)
  })

  it('says which line of which file is damaged, and never what stands there', () => {
    const text = fixedLine + fixedLine.replace('0bd5', '0bd6')
    assert.throws(
      () => parseMasterKeys(text, 'DIR/keys/master.key'),
      (error) =>
        error instanceof Error && /line 2 of DIR\/keys\/master\.key/.test(error.message) && !/0102/.test(error.message),
    )
  })

  it('is refused, never guessed, where a newer Holdfast wrote it', () => {
    assert.throws(() => parseMasterKeys(fixedLine.replace('key 1', 'key 2'), 'master.key'), /newer Holdfast/)
  })
})

describe('master keys', () => {
  const dataKey = { purpose: 'data', bucket, epoch: 7 } as const
  const idKey = { purpose: 'id', bucket, epoch: 0 } as const

  it('wrap as the formats say', () => {
    const keys = new MasterKeys([fixed], nines)
    assert.equal(hex(keys.wrap(dataKey, plainKey)), fixedWrapped.data7)
    assert.equal(hex(keys.wrap(idKey, plainKey)), fixedWrapped.id0)
    assert.deepEqual(hex(keys.unwrap(dataKey, Buffer.from(fixedWrapped.data7, 'hex'))), hex(plainKey))
    assert.deepEqual(hex(keys.unwrap(idKey, Buffer.from(fixedWrapped.id0, 'hex'))), hex(plainKey))
  })

  it('wrap with a fresh nonce each time', () => {
    const keys = new MasterKeys([fixed], systemRandom)
    assert.notEqual(hex(keys.wrap(dataKey, plainKey)), hex(keys.wrap(dataKey, plainKey)))
  })

  it('open nothing where a byte is another, or the place is', () => {
    const keys = new MasterKeys([fixed], systemRandom)
    const wrapped = keys.wrap(dataKey, plainKey)
    assert.equal(hex(keys.unwrap(dataKey, wrapped)), hex(plainKey))
    const refused = (target: Parameters<MasterKeys['unwrap']>[0], bytes: Uint8Array): void =>
      assert.throws(
        () => keys.unwrap(target, bytes),
        (error) => hasCode(error, 'format_unknown'),
      )
    for (let at = 0; at < wrapped.length; at++) refused(dataKey, wrapped.with(at, (wrapped[at] ?? 0) ^ 1))
    for (let length = 0; length < wrapped.length; length++) refused(dataKey, wrapped.subarray(0, length))
    refused({ ...dataKey, epoch: 8 }, wrapped)
    refused({ ...dataKey, purpose: 'id' }, wrapped)
    refused({ ...dataKey, bucket: asId('b1'.repeat(16)) }, wrapped)
  })

  it('wrap under the newest and open what each of them wrapped', () => {
    const newer = makeMasterKey(systemRandom, ids)
    const before = new MasterKeys([fixed], systemRandom).wrap(dataKey, plainKey)
    const rotated = new MasterKeys([fixed, newer], systemRandom)
    assert.equal(hex(rotated.unwrap(dataKey, before)), hex(plainKey))
    const behind = rotated.wrap(dataKey, plainKey)
    assert.equal(hex(behind.subarray(1, 17)), newer.id)
    assert.equal(hex(new MasterKeys([newer], systemRandom).unwrap(dataKey, behind)), hex(plainKey))
  })

  it('name the key that is missing', () => {
    const other = makeMasterKey(systemRandom, ids)
    const keys = new MasterKeys([other], systemRandom)
    for (const deed of [
      () => keys.unwrap(dataKey, Buffer.from(fixedWrapped.data7, 'hex')),
      () => keys.journalKey(fixed.id),
    ]) {
      assert.throws(deed, (error) => {
        assert.ok(hasCode(error, 'format_unknown'))
        assert.ok(error.message.includes(fixed.id))
        assert.equal(error.details['masterKey'], fixed.id)
        return true
      })
    }
  })

  it('give each its journal key', () => {
    const newer = makeMasterKey(systemRandom, ids)
    const keys = new MasterKeys([fixed, newer], systemRandom)
    assert.equal(keys.journalKey(fixed.id).export().toString('hex'), fixedJournalKey)
    assert.ok(keys.journalKey().equals(keys.journalKey(newer.id)))
    assert.ok(!keys.journalKey().equals(keys.journalKey(fixed.id)))
  })
})
