import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asId, IdMaker } from '@holdfast/core/wire/ids.ts'
import { MemorySecrets } from '../../seams/memory-secrets-fixture.ts'
import { systemRandom } from '../../seams/random.ts'
import { SecretRefusedError } from '../../seams/secret-files.ts'
import { type KeyFiles, type KeysExpected, openKeyFiles, wrappedFor } from './key-files.ts'
import { formatRecoveryKey, makeRecoveryKey } from './recovery-key.ts'
import { sealHeader } from './sealed-header.ts'

const seams = { random: systemRandom, ids: new IdMaker(() => 1_767_225_600_000, systemRandom.bytes) }
const FIRST = { mayCreate: true } as const
const target = { purpose: 'data', bucket: asId('b0'.repeat(16)), epoch: 1 } as const
const plainKey = new Uint8Array(32).fill(0x55)

/** What a later start expects: a catalog that was made with these keys, and a bucket in it unless there is `none` yet. */
function later(
  { masterKeys, recoveryPublicKey }: KeyFiles,
  buckets: 'one' | 'none' = 'one',
): KeysExpected & { mayCreate: false } {
  const [clusterId, lineage, bucket] = [asId('c1'.repeat(16)), asId('11'.repeat(16)), target.bucket]
  const secrets = { cluster: clusterId, lineage, madeAt: 1, masterKeys: masterKeys.all }
  const row = {
    bucket,
    name: 'default',
    kind: 'plain',
    policy: '{}',
    policyVersion: 1,
    wrappedIdKey: masterKeys.wrap({ purpose: 'id', bucket, epoch: 0 }, plainKey),
    keys: [{ epoch: 1, wrappedKey: masterKeys.wrap(target, plainKey) }],
    createdAt: 1,
  } as const
  return {
    mayCreate: false,
    cluster: { clusterId, recoveryPublicKey, sealedHeader: sealHeader(secrets, recoveryPublicKey, systemRandom) },
    wrapped: buckets === 'one' ? wrappedFor(row) : [],
  }
}

describe('the key files', () => {
  it('are made at the first start and read at every later one', async () => {
    const secrets = new MemorySecrets()
    const first = await openKeyFiles(secrets, seams, FIRST)
    assert.deepEqual([...secrets.files.keys()].sort(), ['keys/master.key', 'recovery.key'])
    const wrapped = first.masterKeys.wrap(target, plainKey)

    const before = new Map(secrets.files)
    const again = await openKeyFiles(secrets, seams, later(first))
    assert.deepEqual(Buffer.from(again.masterKeys.unwrap(target, wrapped)), Buffer.from(plainKey))
    assert.deepEqual(again.recoveryPublicKey, first.recoveryPublicKey)
    assert.equal(again.sentences.length, 1)
    assert.match(
      again.sentences[0] ?? '',
      /memory\/recovery\.key is still on this machine, .*remove it here: no start needs it/,
    )
    assert.deepEqual(secrets.files, before)
  })

  it('say at the first start what is lost with which file', async () => {
    const { sentences } = await openKeyFiles(new MemorySecrets(), seams, FIRST)
    const said = sentences.join('\n')
    assert.match(said, /Copy both .* memory\/keys\/master\.key first/)
    assert.match(said, /memory\/recovery\.key is to give .* back, and no command does that yet/)
    assert.match(said, /If both are lost, every file is lost for ever/)
    assert.match(said, /Nothing that runs needs memory\/recovery\.key: once it is copied, remove it here/)
  })

  it('are kept by a first start that follows one that was cut off', async () => {
    const whole = new MemorySecrets()
    await openKeyFiles(whole, seams, FIRST)
    const master = whole.files.get('keys/master.key') ?? ''
    const cutOff = new MemorySecrets({ 'keys/master.key': master })
    const { sentences } = await openKeyFiles(cutOff, seams, FIRST)
    assert.equal(cutOff.files.get('keys/master.key'), master)
    assert.ok(cutOff.files.has('recovery.key'))
    assert.ok(sentences.length > 0)
  })

  it('are never made anew for a cluster that is there', async () => {
    const secrets = new MemorySecrets()
    const first = await openKeyFiles(secrets, seams, FIRST)
    secrets.files.delete('keys/master.key')
    await assert.rejects(openKeyFiles(secrets, seams, later(first)), (error) => {
      assert.ok(error instanceof SecretRefusedError)
      assert.match(error.message, /memory\/keys\/master\.key is missing/)
      return true
    })
    assert.ok(!secrets.files.has('keys/master.key'))
  })

  it('refuse a damaged master key at every start', async () => {
    const secrets = new MemorySecrets()
    const first = await openKeyFiles(secrets, seams, FIRST)
    const damaged = (secrets.files.get('keys/master.key') ?? '').slice(0, -3)
    secrets.files.set('keys/master.key', damaged)
    await assert.rejects(openKeyFiles(secrets, seams, later(first)), SecretRefusedError)
    await assert.rejects(openKeyFiles(secrets, seams, FIRST), SecretRefusedError)
    assert.equal(secrets.files.get('keys/master.key'), damaged)
  })

  it('let the recovery key be kept elsewhere, but not be another cluster’s', async () => {
    const secrets = new MemorySecrets()
    const first = await openKeyFiles(secrets, seams, FIRST)
    secrets.files.delete('recovery.key')
    const again = await openKeyFiles(secrets, seams, later(first))
    assert.deepEqual(again.recoveryPublicKey, first.recoveryPublicKey)
    assert.deepEqual(again.sentences, [], 'what is not here is not spoken of')
    assert.ok(!secrets.files.has('recovery.key'))

    secrets.files.set('recovery.key', formatRecoveryKey(makeRecoveryKey(systemRandom)))
    await assert.rejects(openKeyFiles(secrets, seams, later(first)), /not the recovery key of this cluster/)
  })

  it('refuse the whole and healthy master key of another cluster', async () => {
    const secrets = new MemorySecrets()
    const first = await openKeyFiles(secrets, seams, FIRST)
    const other = new MemorySecrets()
    await openKeyFiles(other, seams, FIRST)
    secrets.files.set('keys/master.key', other.files.get('keys/master.key') ?? '')
    const before = new Map(secrets.files)
    const foreign =
      /memory\/keys\/master\.key is not the master key of this catalog: .*Nothing was changed\..*Put the .* back/
    await assert.rejects(openKeyFiles(secrets, seams, later(first)), foreign)
    await assert.rejects(openKeyFiles(secrets, seams, later(first, 'none')), foreign, 'the sealed header tells it')
    secrets.files.delete('recovery.key')
    await assert.rejects(openKeyFiles(secrets, seams, later(first)), foreign, 'what buckets have wrapped tells it')
    secrets.files.set('recovery.key', before.get('recovery.key') ?? '')
    assert.deepEqual(secrets.files, before)
  })

  it('take a master key of which one wrapped key out of several is damaged, and refuse one of which all are', async () => {
    const secrets = new MemorySecrets()
    const first = await openKeyFiles(secrets, seams, FIRST)
    const { wrapped, ...expected } = later(first)
    const spoilt = wrapped.map(({ target, bytes }) => ({
      target,
      bytes: Uint8Array.from(bytes).with(40, (bytes[40] ?? 0) ^ 1),
    }))
    const [whole] = wrapped
    assert.ok(whole !== undefined)
    await openKeyFiles(secrets, seams, { ...expected, wrapped: [...spoilt, whole] })
    await assert.rejects(openKeyFiles(secrets, seams, { ...expected, wrapped: spoilt }), SecretRefusedError)
  })
})
