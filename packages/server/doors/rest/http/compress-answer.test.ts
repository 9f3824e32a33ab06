import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { COMPRESSED_BYTES_MIN } from '../limits.ts'
import { KEY, TestDoor } from '../rest.test-support.ts'

const FILES = 50
const LIST = '/api/v1/files'
const curl = promisify(execFile)

async function filled(): Promise<TestDoor> {
  const door = await TestDoor.open()
  for (let number = 0; number < FILES; number++) await door.put(`file-${number}`, 'x')
  return door
}

describe('the coding of an answer', () => {
  it('is the one that is liked best', async () => {
    await using door = await filled()
    for (const [accepted, coding] of [
      ['', undefined],
      ['identity', undefined],
      ['br, deflate', undefined],
      ['gzip', 'gzip'],
      ['GZIP', 'gzip'],
      ['gzip, deflate, br, zstd', 'zstd'],
      ['zstd;q=0.5, gzip', 'gzip'],
      ['zstd;q=0, gzip;q=0.001', 'gzip'],
      ['zstd ; q=0.0,gzip; q=0', undefined],
      ['*', 'zstd'],
      ['*, zstd;q=0', 'gzip'],
      ['*;q=0', undefined],
      ['gzip;q=2', undefined],
      ['gzip zstd', undefined],
    ] as const) {
      const heard = await door.ask('GET', LIST, { headers: { 'accept-encoding': accepted } })
      assert.equal(heard.headers['content-encoding'], coding, accepted)
    }
  })
})

describe('a long message', () => {
  it('goes compressed to who takes it so, says that it depends on that, and is the same', async () => {
    await using door = await filled()
    const plain = await door.ask('GET', LIST)
    assert.ok(plain.body.length > COMPRESSED_BYTES_MIN)
    assert.deepEqual([plain.headers['content-encoding'], plain.headers.vary], [undefined, 'accept-encoding'])
    for (const [coding, undo] of [
      ['gzip', gunzipSync],
      ['zstd', zstdDecompressSync],
    ] as const) {
      const heard = await door.ask('GET', LIST, { headers: { 'accept-encoding': coding } })
      assert.deepEqual([heard.headers['content-encoding'], heard.headers.vary], [coding, 'accept-encoding'])
      assert.equal(heard.headers['content-length'], String(heard.body.length))
      assert.ok(heard.body.length * 4 < plain.body.length, `${heard.body.length} of ${plain.body.length}`)
      assert.deepEqual(undo(heard.body), plain.body)
      const head = await door.ask('HEAD', LIST, { headers: { 'accept-encoding': coding } })
      assert.deepEqual([head.headers['content-encoding'], head.body.length], [coding, 0])
    }
  })

  it('is read by curl', async () => {
    await using door = await filled()
    const ask = (...more: string[]) =>
      curl('curl', ['-sS', '-H', `Authorization: Bearer ${KEY}`, ...more, `http://127.0.0.1:${door.port}${LIST}`])
    const plain = await ask()
    assert.equal((await ask('--compressed')).stdout, plain.stdout)
    const { stdout } = await ask('--compressed', '-o', '/dev/null', '-w', '%{size_download}')
    assert.ok(Number(stdout) * 4 < plain.stdout.length, stdout)
  })

  it('is left as it is below the bound, with an entity tag, and where it is the contents of a file', async () => {
    await using door = await filled()
    const headers = { 'accept-encoding': 'zstd, gzip' }
    const short = await door.ask('GET', `${LIST}?limit=1`, { headers })
    assert.ok(short.body.length < COMPRESSED_BYTES_MIN)
    const contents = JSON.stringify(Array(1000).fill('contents'))
    await door.put('a.json', contents, { 'content-type': 'application/json' })
    const file = await door.get('a.json', headers)
    assert.equal(file.body.toString(), contents)
    const rules = Array.from({ length: 50 }, (_, number) => ({ type: `image/type-${number}`, use: 'direct' }))
    const put = { body: { strategy: { rules } }, headers }
    const bucket = await door.ask('PUT', '/api/v1/buckets/ruled', put)
    assert.equal(bucket.status, 201, bucket.body.toString())
    assert.ok(bucket.body.length > COMPRESSED_BYTES_MIN && bucket.headers.etag !== undefined)
    for (const heard of [short, file, bucket])
      assert.deepEqual([heard.headers['content-encoding'], heard.headers.vary], [undefined, undefined])
  })
})
