import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type SecretFiles, SecretRefusedError } from './secret-files.ts'

/** What every place for secrets owes its callers. */
export function secretFilesContract(name: string, open: () => Promise<SecretFiles>): void {
  describe(`secret files contract: ${name}`, () => {
    it('answers undefined for what is not there', async () => {
      const secrets = await open()
      assert.equal(await secrets.read('one.key'), undefined)
      assert.equal(await secrets.read('keys/one.key'), undefined)
    })

    it('reads back what was created', async () => {
      const secrets = await open()
      await secrets.create('one.key', 'a secret\n')
      await secrets.create('keys/one.key', 'another of café length\n')
      assert.equal(await secrets.read('one.key'), 'a secret\n')
      assert.equal(await secrets.read('keys/one.key'), 'another of café length\n')
    })

    it('never replaces a secret', async () => {
      const secrets = await open()
      await secrets.create('one.key', 'the first')
      await assert.rejects(secrets.create('one.key', 'the second'), SecretRefusedError)
      assert.equal(await secrets.read('one.key'), 'the first')
    })

    it('names a file as a person finds it', async () => {
      const secrets = await open()
      assert.match(secrets.pathOf('keys/one.key'), /keys[/\\]one\.key$/)
    })
  })
}
