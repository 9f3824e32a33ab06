import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { IdMaker } from '@holdfast/core/wire/ids.ts'
import { MemorySecrets } from '../seams/memory-secrets-fixture.ts'
import { systemRandom } from '../seams/random.ts'
import { SecretRefusedError } from '../seams/secret-files.ts'
import { AdminKey } from './admin-key.ts'

const seams = { random: systemRandom, ids: new IdMaker(() => 1_767_225_600_000, systemRandom.bytes) }
// The checksum was computed by another program.
const fixedKey = `hf_${'01'.repeat(16)}_${'ab'.repeat(32)}_cfa408ff`
const withFixedKey = () => AdminKey.open(new MemorySecrets({ 'admin.key': `${fixedKey}\n` }), seams)

describe('the admin key', () => {
  it('is made once, with a checksum behind it, and read ever after', async () => {
    const secrets = new MemorySecrets()
    const admin = await AdminKey.open(secrets, seams)
    const text = secrets.files.get('admin.key') ?? ''
    assert.match(text, /^hf_[0-9a-f]{32}_[0-9a-f]{64}_[0-9a-f]{8}\n$/)
    assert.deepEqual(admin.authenticate(`Bearer ${text.trim()}`), { principal: 'admin' })
    const again = await AdminKey.open(secrets, seams)
    assert.deepEqual(again.authenticate(`Bearer ${text.trim()}`), { principal: 'admin' })
    assert.equal(secrets.files.get('admin.key'), text)
  })

  it('is another one in every cluster', async () => {
    const [one, two] = [new MemorySecrets(), new MemorySecrets()]
    await AdminKey.open(one, seams)
    const admin = await AdminKey.open(two, seams)
    assert.equal(admin.authenticate(`Bearer ${one.files.get('admin.key')?.trim()}`), undefined)
  })

  it('is accepted whatever the case of the scheme', async () => {
    const admin = await withFixedKey()
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer ']) {
      assert.deepEqual(admin.authenticate(`${scheme} ${fixedKey}`), { principal: 'admin' })
    }
  })

  it('knows nobody else, and says nothing of why', async () => {
    const admin = await withFixedKey()
    for (const header of [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      fixedKey,
      `Basic ${fixedKey}`,
      `Bearer ${fixedKey} `,
      `Bearer ${fixedKey} more`,
      `Bearer ${fixedKey.slice(0, -1)}`,
      `Bearer ${fixedKey}0`,
      `Bearer ${fixedKey.toUpperCase()}`,
      `Bearer ${fixedKey.replace('ab', 'ac')}`,
      `Bearer hf_${'02'.repeat(16)}${fixedKey.slice(35)}`,
      `Bearer ${'x'.repeat(100_000)}`,
    ]) {
      assert.equal(admin.authenticate(header), undefined, header)
    }
  })

  it('is refused at the start where its file was damaged', async () => {
    await withFixedKey()
    for (const text of ['', fixedKey.slice(0, -1), fixedKey.replace('ab', 'ba'), `${fixedKey}\n${fixedKey}`]) {
      await assert.rejects(AdminKey.open(new MemorySecrets({ 'admin.key': text }), seams), SecretRefusedError)
    }
  })
})
