import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { originOf } from './origin.ts'

class LocalSocket extends Socket {
  override readonly localPort = 8123
}

const origin = (host?: string) => originOf({ headers: host === undefined ? {} : { host }, socket: new LocalSocket() })

describe('the address that a request came to', () => {
  it('is the one that it names', () => {
    assert.equal(origin('127.0.0.1:9000'), 'http://127.0.0.1:9000')
    assert.equal(origin('localhost'), 'http://localhost')
    assert.equal(origin('LOCALHOST:80'), 'http://LOCALHOST:80')
  })

  it('is one of https beyond this machine', () => {
    assert.equal(origin('files.example.org'), 'https://files.example.org')
    assert.equal(origin('192.168.1.5:8443'), 'https://192.168.1.5:8443')
    assert.equal(origin('localhost.example.org'), 'https://localhost.example.org')
    assert.equal(origin('127.0.0.1.example.org'), 'https://127.0.0.1.example.org')
  })

  it('is this machine where it names nothing that may stand in a page and in a shell', () => {
    const names = [
      '',
      ' ',
      'a b',
      '-x',
      '.x',
      'x;reboot',
      '$(reboot)',
      '`reboot`',
      '<b>',
      'a"b',
      "a'b",
      'a\nb',
      'a/b',
      'a@b',
    ]
    for (const host of [undefined, ...names, 'a:b', 'a:', 'a:123456', '[::1]:80', 'ä.example', 'x'.repeat(300)]) {
      assert.equal(origin(host), 'http://127.0.0.1:8123', host)
    }
  })
})
