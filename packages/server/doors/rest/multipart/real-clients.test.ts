import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { formUploadSchema } from '@holdfast/core/wire/rest/form-upload.ts'
import { KEY, TestDoor } from '../rest.test-support.ts'

const run = promisify(execFile)
const CONTENTS = Buffer.concat([randomBytes(3_000_000), Buffer.from('\r\n--\r\n----------\n--')])

function curlVersion(): number {
  try {
    const [, major = '0', minor = '0'] = /^curl (\d+)\.(\d+)/.exec(execFileSync('curl', ['--version']).toString()) ?? []
    return Number(major) * 1000 + Number(minor)
  } catch {
    return 0
  }
}

/** Since 7.81 it writes names as browsers do, unless it is told to escape. */
const curl = curlVersion()

describe('a form of a real client', () => {
  it('is stored as curl -F sends it', { skip: curl === 0 && 'there is no curl' }, async () => {
    await using door = await TestDoor.open()
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-form-'))
    try {
      const source = join(folder, 'source')
      await writeFile(source, CONTENTS)
      const address = `http://127.0.0.1:${door.port}/api/v1/files/upload`
      const send = async (...more: readonly string[]) => {
        const key = ['-H', `Authorization: Bearer ${KEY}`]
        const { stdout } = await run('curl', ['-sS', ...key, '-F', 'bucket=default', ...more, address])
        return formUploadSchema.parse(JSON.parse(stdout)).items.map(({ status, path }) => [status, path])
      }
      const plain = [
        '-F',
        'path=trip/',
        '-F',
        `file=@${source};filename=é €.bin`,
        '-F',
        `file=@${source};type=image/png`,
      ]
      assert.deepEqual(await send(...plain), [
        [201, 'trip/é €.bin'],
        [201, 'trip/source'],
      ])
      assert.ok((await door.get('trip/source')).body.equals(CONTENTS))
      assert.equal((await door.get('trip/source')).headers['content-type'], 'image/png')
      assert.deepEqual(await send('-F', `file=@${source};filename="say \\"hi\\""`), [[201, 'say "hi"']])
      if (curl < 7081) return
      assert.deepEqual(await send('-F', `file=@${source};filename="back\\\\slash"`), [[201, 'back\\slash']])
      const escaped = ['--form-escape', '-F', `file=@${source};filename="\\"a\\\\b\\""`]
      assert.deepEqual(await send(...escaped), [[201, '"a\\b"']])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('is stored as FormData sends it', async () => {
    await using door = await TestDoor.open()
    const names = ['a"b\r\nc.txt', 'é €.bin', 'back\\slash', 'trip/IMG_1.jpg', '; filename="x"']
    const form = new FormData()
    form.append('bucket', 'default')
    for (const name of names) form.append('file', new Blob([CONTENTS], { type: 'image/png' }), name)
    const answer = await fetch(`http://127.0.0.1:${door.port}/api/v1/files/upload`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
      body: form,
    })
    const { items } = formUploadSchema.parse(await answer.json())
    assert.deepEqual(
      items.map(({ status, path }) => [status, path]),
      names.map((name) => [201, name]),
    )
    for (const name of names) assert.ok((await door.get(encodeURIComponent(name))).body.equals(CONTENTS))
  })
})
