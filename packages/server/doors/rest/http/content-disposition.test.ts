import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { attachment } from './content-disposition.ts'

describe('the name of a download', () => {
  it('is the last one of the path', () => {
    assert.equal(attachment('a/b/report-1.pdf'), 'attachment; filename="report-1.pdf"')
    assert.equal(attachment('folder/'), 'attachment')
  })

  it('goes out twice where it is not plain', () => {
    assert.equal(
      attachment('€ rates.txt'),
      `attachment; filename="_ rates.txt"; filename*=UTF-8''%E2%82%AC%20rates.txt`,
    )
    assert.equal(
      attachment("it's (1)*.txt"),
      `attachment; filename="it's (1)*.txt"; filename*=UTF-8''it%27s%20%281%29%2A.txt`,
    )
  })

  it('never leaves its quotes or its line', () => {
    for (const name of [
      'a"; filename="evil',
      'a\r\nSet-Cookie: x',
      'a\\',
      '\u202egpj.exe',
      '%41',
      '\u0000x',
      '\u007f',
    ]) {
      const header = attachment(name)
      assert.match(header, /^attachment; filename="[^"\\]*"; filename\*=UTF-8''[\w.!~%-]*$/)
      assert.match(header, /^[\x20-\x7e]*$/)
    }
  })
})
