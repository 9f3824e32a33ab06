import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { asId } from '@holdfast/core/wire/ids.ts'
import { type Random, systemRandom } from '../../seams/random.ts'
import { hpkeSeal } from './hpke.ts'
import { type ClusterSecrets, openHeader, sealHeader } from './sealed-header.ts'
import { privateKeyOf, publicHalfOf } from './x25519.ts'

const recoveryKey = privateKeyOf(new Uint8Array(32).fill(0x42))
const publicHalf = publicHalfOf(recoveryKey)
const cluster = asId('c1'.repeat(16))
const secrets: ClusterSecrets = {
  cluster,
  lineage: asId('11'.repeat(16)),
  madeAt: 1_767_225_600_000,
  masterKeys: [
    {
      id: asId('000102030405060708090a0b0c0d0e0f'),
      key: createSecretKey(Uint8Array.from({ length: 32 }, (_, i) => i)),
    },
  ],
}
// Made by another implementation of `docs/formats.md`, in another language, with a seed of 32 times 0x77.
const fixedHeader = Buffer.from(
  '82dab32a9aedffb4925a762f879f6fdd01e62492d40ab10d0f43fdaa89e1f2107e1e2d059d23a1f00c487a7e62b5c6e67d763e112882ee392b22ff2e5767b6304d' +
    'be360193d7c8bf5e7d0251cd9f415475999271973c38748b1e2ef103a521043d84334af578628cc2154fe63cd5f9b2305deed4808d780a678922f6c46dd9f6f6' +
    'eb62846a62e700bf7b7ebeb9637a6712db60ebeea6e67475916fc5193d4238fde3f7dfad58e5616b84390a33224a5af429ca27a8c7f438fe273e20ecba43c50c' +
    '69a5e5ebd47922c7422528f4dfaf5920f5c2692d49b87302230bec458224b2f2c0b6a80c4e1ea02d483faf031f52bd97c1f5c7cec6dd02480bfc6d9df8eb184a' +
    'b46bba54ff99a19137cf478fe2491c1326be3126891ce74643d1518ab777920b2c7959cdb2c19e7d033a0cf94b44e296bc648d9c',
  'hex',
)

describe('the sealed header', () => {
  it('has the bytes that the formats say', () => {
    const sevens: Random = { bytes: (length) => new Uint8Array(length).fill(0x77), float: () => 0 }
    assert.deepEqual(Buffer.from(sealHeader(secrets, publicHalf, sevens)), fixedHeader)
  })

  it('gives back every key', () => {
    const masterKeys = [
      ...secrets.masterKeys,
      { id: asId('22'.repeat(16)), key: createSecretKey(systemRandom.bytes(32)) },
    ]
    const opened = openHeader(sealHeader({ ...secrets, masterKeys }, publicHalf, systemRandom), recoveryKey, cluster)
    assert.ok(opened.is === 'open')
    const { masterKeys: read, ...rest } = opened.secrets
    const { masterKeys: _, ...expected } = secrets
    assert.deepEqual(rest, expected)
    assert.deepEqual(
      read.map(({ id, key }) => [id, key.export()]),
      masterKeys.map(({ id, key }) => [id, key.export()]),
    )
  })

  it('says that it is sealed to another key', () => {
    assert.deepEqual(openHeader(fixedHeader, privateKeyOf(systemRandom.bytes(32)), cluster), {
      is: 'sealed_to_another_key',
    })
  })

  it('does not open with any byte changed or cut off, nor as another cluster’s', () => {
    assert.equal(openHeader(fixedHeader, recoveryKey, cluster).is, 'open')
    for (let at = 0; at < fixedHeader.length; at++) {
      const changed = Uint8Array.from(fixedHeader).with(at, (fixedHeader[at] ?? 0) ^ 0x80)
      assert.notEqual(openHeader(changed, recoveryKey, cluster).is, 'open', `byte ${at}`)
      assert.notEqual(openHeader(fixedHeader.subarray(0, at), recoveryKey, cluster).is, 'open', `${at} bytes`)
    }
    assert.deepEqual(openHeader(fixedHeader, recoveryKey, asId('c2'.repeat(16))), { is: 'damaged' })
  })

  it('is refused, never guessed, where a newer Holdfast sealed it', () => {
    assert.deepEqual(openHeader(Uint8Array.from(fixedHeader).with(16, 2), recoveryKey, cluster), {
      is: 'format_unknown',
    })
  })

  it('leaves fields that it does not know, and refuses what lacks one that it does', () => {
    const whole = {
      caKey: 'of a later version',
      cluster,
      lineage: secrets.lineage,
      madeAt: 1,
      masterKeys: [{ id: 'aa'.repeat(16), key: 'bb'.repeat(32) }],
    }
    assert.equal(openHeader(sealedText(JSON.stringify(whole)), recoveryKey, cluster).is, 'open')
    for (const [field, value] of Object.entries({
      cluster: asId('c2'.repeat(16)),
      lineage: 'none',
      madeAt: 'yesterday',
      masterKeys: [],
    })) {
      const text = JSON.stringify({ ...whole, [field]: value })
      assert.deepEqual(openHeader(sealedText(text), recoveryKey, cluster), { is: 'damaged' }, field)
    }
    assert.deepEqual(openHeader(sealedText('{"cluster":'), recoveryKey, cluster), { is: 'damaged' })
  })
})

/** A header that is sealed as it should be, around another text. */
function sealedText(text: string): Uint8Array {
  const context = { info: Buffer.from('holdfast 1 recovery'), aad: Buffer.from(cluster, 'hex') }
  const { encapsulatedKey, ciphertext } = hpkeSeal(publicHalf, context, Buffer.from(text), systemRandom)
  return Buffer.concat([fixedHeader.subarray(0, 17), encapsulatedKey, ciphertext])
}
