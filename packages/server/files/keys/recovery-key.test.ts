import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { type Random, systemRandom } from '../../seams/random.ts'
import { SecretRefusedError } from '../../seams/secret-files.ts'
import { formatRecoveryKey, makeRecoveryKey, parseRecoveryKey } from './recovery-key.ts'
import { publicHalfOf } from './x25519.ts'

// Made by another implementation.
const fixedPem =
  '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIEJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC\n-----END PRIVATE KEY-----\n'
const fixedPublicHalf = '132c442be010fbd57e72603328aa76e71fccc1503aae219327d14d9c9993f472'
const certificate = '-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIU\n-----END CERTIFICATE-----\n'
const fortyTwos: Random = { bytes: (length) => new Uint8Array(length).fill(0x42), float: () => 0 }

describe('the recovery key', () => {
  it('is a PEM block that every tool reads, and 32 bytes of public half', () => {
    const key = makeRecoveryKey(fortyTwos)
    assert.equal(formatRecoveryKey(key), fixedPem)
    assert.equal(Buffer.from(publicHalfOf(key)).toString('hex'), fixedPublicHalf)
  })

  it('comes back from its file', () => {
    const key = makeRecoveryKey(systemRandom)
    assert.ok(parseRecoveryKey(formatRecoveryKey(key), 'recovery.key').equals(key))
  })

  it('is found beside a certificate, a person’s notes and the line ends of another system', () => {
    const key = makeRecoveryKey(fortyTwos)
    for (const text of [
      fixedPem + certificate,
      certificate + fixedPem,
      `of the cluster at home\n${fixedPem}`,
      fixedPem.replaceAll('\n', '\r\n'),
    ]) {
      assert.ok(parseRecoveryKey(text, 'recovery.key').equals(key), text)
    }
  })

  it('is refused where it is missing, twice there, damaged, or of another kind', () => {
    const pem = { format: 'pem', type: 'pkcs8' } as const
    const ed25519 = generateKeyPairSync('ed25519').privateKey.export(pem).toString()
    for (const [text, reason] of [
      ['', /no private key/],
      [certificate, /no private key/],
      [fixedPem.slice(0, 80), /no private key/],
      [fixedPem + fixedPem, /two private keys/],
      [fixedPem.replace('MC4C', 'MD4C'), /damaged/],
      [fixedPem.replace('QkJC\n', '\n'), /damaged/],
      [ed25519, /X25519/],
    ] as const) {
      assert.throws(
        () => parseRecoveryKey(text, 'DIR/recovery.key'),
        (error) => {
          assert.ok(error instanceof SecretRefusedError)
          assert.match(error.message, reason)
          assert.match(error.message, /DIR\/recovery\.key/)
          return true
        },
      )
    }
  })
})
