import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asId, IdMaker } from '@holdfast/core/wire/ids.ts'
import { MemorySecrets } from '../../seams/memory-secrets-fixture.ts'
import { systemRandom } from '../../seams/random.ts'
import { SecretRefusedError } from '../../seams/secret-files.ts'
import { openKeyFiles } from './key-files.ts'
import { formatRecoveryKey, makeRecoveryKey } from './recovery-key.ts'

const seams = { random: systemRandom, ids: new IdMaker(() => 1_767_225_600_000, systemRandom.bytes) }
const FIRST = { mayCreate: true } as const
const target = { purpose: 'data', bucket: asId('b0'.repeat(16)), epoch: 1 } as const
const plainKey = new Uint8Array(32).fill(0x55)

describe('the key files', () => {
  it('are made at the first start and read at every later one', async () => {
    const secrets = new MemorySecrets()
    const first = await openKeyFiles(secrets, seams, FIRST)
    assert.deepEqual([...secrets.files.keys()].sort(), ['keys/master.key', 'recovery.key'])
    const wrapped = first.masterKeys.wrap(target, plainKey)

    const before = new Map(secrets.files)
    const { recoveryPublicKey } = first
    const later = await openKeyFiles(secrets, seams, { mayCreate: false, recoveryPublicKey })
    assert.deepEqual(Buffer.from(later.masterKeys.unwrap(target, wrapped)), Buffer.from(plainKey))
    assert.deepEqual(later.recoveryPublicKey, recoveryPublicKey)
    assert.deepEqual(later.sentences, [])
    assert.deepEqual(secrets.files, before)
  })

  it('say at the first start what is lost with which file', async () => {
    const { sentences } = await openKeyFiles(new MemorySecrets(), seams, FIRST)
    const said = sentences.join('\n')
    assert.match(said, /Copy both .* memory\/keys\/master\.key first/)
    assert.match(said, /memory\/recovery\.key is to give .* back, and no command does that yet/)
    assert.match(said, /If both are lost, every file is lost for ever/)
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
    const { recoveryPublicKey } = await openKeyFiles(secrets, seams, FIRST)
    secrets.files.delete('keys/master.key')
    await assert.rejects(openKeyFiles(secrets, seams, { mayCreate: false, recoveryPublicKey }), (error) => {
      assert.ok(error instanceof SecretRefusedError)
      assert.match(error.message, /memory\/keys\/master\.key is missing/)
      return true
    })
    assert.ok(!secrets.files.has('keys/master.key'))
  })

  it('refuse a damaged master key at every start', async () => {
    const secrets = new MemorySecrets()
    const { recoveryPublicKey } = await openKeyFiles(secrets, seams, FIRST)
    const damaged = (secrets.files.get('keys/master.key') ?? '').slice(0, -3)
    secrets.files.set('keys/master.key', damaged)
    await assert.rejects(openKeyFiles(secrets, seams, { mayCreate: false, recoveryPublicKey }), SecretRefusedError)
    await assert.rejects(openKeyFiles(secrets, seams, FIRST), SecretRefusedError)
    assert.equal(secrets.files.get('keys/master.key'), damaged)
  })

  it('let the recovery key be kept elsewhere, but not be another cluster’s', async () => {
    const secrets = new MemorySecrets()
    const { recoveryPublicKey } = await openKeyFiles(secrets, seams, FIRST)
    secrets.files.delete('recovery.key')
    const later = await openKeyFiles(secrets, seams, { mayCreate: false, recoveryPublicKey })
    assert.deepEqual(later.recoveryPublicKey, recoveryPublicKey)
    assert.ok(!secrets.files.has('recovery.key'))

    secrets.files.set('recovery.key', formatRecoveryKey(makeRecoveryKey(systemRandom)))
    await assert.rejects(
      openKeyFiles(secrets, seams, { mayCreate: false, recoveryPublicKey }),
      /not the recovery key of this cluster/,
    )
  })
})
