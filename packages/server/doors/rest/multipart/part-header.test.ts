import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FormBytes } from './form-bytes.ts'
import { type PartHeader, partHeader } from './part-header.ts'

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

async function headerOf(lines: string): Promise<PartHeader> {
  const bytes = new FormBytes(once(`--XX\r\n${lines}\r\n\r\n`), 'XX')
  await bytes.contents()
  await bytes.boundary()
  return await partHeader(bytes)
}

const named = (parameters: string) => headerOf(`Content-Disposition: form-data; ${parameters}`)

/** What stands between the quotes; undefined where it is refused. */
async function fileOf(between: string): Promise<string | undefined> {
  const { filename } = await named(`name="file"; filename="${between}"`)
  assert.ok(filename !== undefined)
  return filename.refusal === undefined ? filename.text : undefined
}

describe('the header of a part', () => {
  it('names a field, or a file with its type', async () => {
    assert.deepEqual(await named('name="path"'), { name: 'path', filename: undefined, contentType: undefined })
    const file =
      'content-disposition:FORM-DATA ;Name=file ; FileName="é.txt"\r\nX-Other: 1\r\nCONTENT-TYPE: image/png; a=b  '
    assert.deepEqual(await headerOf(file), {
      name: 'file',
      filename: { text: 'é.txt', refusal: undefined },
      contentType: 'image/png; a=b',
    })
    assert.equal(await fileOf(''), '')
  })

  it('gives names as browsers and as curl write them', async () => {
    for (const [between, name] of [
      ['say %22hi%22%0D%0A 100%25.txt', 'say "hi"\r\n 100%25.txt'],
      ['a;b="c.txt'.replace('"', '%22'), 'a;b="c.txt'],
      ['a\\"b', 'a"b'],
      ['a\\"b\\\\c', 'a"b\\c'],
      ['\\"', '"'],
      ['a\\b', 'a\\b'],
      ['C:\\new', 'C:\\new'],
      ['a\\', 'a\\'],
      ['\ufeff\ufffd', '\ufeff\ufffd'],
    ] as const) {
      assert.equal(await fileOf(between), name, between)
    }
  })

  it('refuses a name that may be two, or is no text, and it alone', async () => {
    assert.equal(await fileOf('a\\\\b'), undefined)
    assert.equal(await fileOf('a\\\\'), undefined)
    assert.equal(await fileOf('a\\"b\\c'), undefined)
    const latin1 = new FormBytes(
      (async function* () {
        yield Buffer.from('--XX\r\nContent-Disposition: form-data; name="a"; filename="\xe9"\r\n\r\n', 'latin1')
      })(),
      'XX',
    )
    await latin1.contents()
    await latin1.boundary()
    assert.match(String((await partHeader(latin1)).filename?.refusal), /UTF-8/)
  })

  it('is refused where it is not well formed, or would change what the contents are', async () => {
    const disposition = 'Content-Disposition: form-data; name="a"'
    for (const [lines, why] of [
      ['', /each part has a Content-Disposition/],
      ['Content-Type: text/plain', /each part has a Content-Disposition/],
      ['Content-Disposition: form-data', /each part has/],
      ['Content-Disposition: form-data; filename="a"', /each part has/],
      ['Content-Disposition: form-data; name=""', /each part has/],
      ['Content-Disposition: attachment; name="a"', /each part has/],
      ['Content-Disposition: form-data; name="\\\\"', /two backslashes/],
      [`${disposition}; filename="a"b"`, /a quote in it is %22/],
      [`${disposition}; filename="a`, /stands between quotes/],
      [`${disposition}; filename=`, /stands between quotes/],
      [`${disposition} filename="a"`, /stands between quotes|each part/],
      [`${disposition}; filename*=UTF-8''a`, /never by filename\*/],
      [`${disposition}; filename="a"; filename*=UTF-8''b`, /never by filename\*/],
      [`${disposition}; filename="a"; filename="b"`, /one filename/],
      [`${disposition}; size=3`, /no further size/],
      [`${disposition}\r\n${disposition}`, /one Content-Disposition/],
      [`${disposition}\r\nContent-Transfer-Encoding: base64`, /without Content-Transfer-Encoding: base64/],
      [`${disposition};\r\n filename="a"`, /.*/],
      [`${disposition}\r\nno colon`, /one line, with a colon/],
      [`${disposition}\r\na: b\nc`, /CR LF at its end/],
      [`${disposition}\r\na: b\rc`, /CR LF at its end/],
      [`${disposition}\r\na: b\0c`, /CR LF at its end/],
      [`${disposition}\r\n--XX`, /among the headers/],
      [`${disposition}\r\n--XXa: b`, /among the headers/],
    ] as const) {
      await assert.rejects(headerOf(lines), (error) => why.test(String(error)), lines)
    }
    assert.equal((await headerOf(`${disposition}\r\nContent-Transfer-Encoding: Binary`)).name, 'a')
  })

  it('takes no longer the more quotes and backslashes there are', async () => {
    const startedMs = performance.now()
    for (const hostile of ['\\"'.repeat(4000), '" '.repeat(4000), '\\'.repeat(8000), `"${' '.repeat(8000)}`]) {
      await headerOf(`Content-Disposition: form-data; name="a"; filename="${hostile}x`).catch(() => {})
    }
    assert.ok(performance.now() - startedMs < 500)
  })
})
