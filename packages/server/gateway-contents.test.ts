/** What goes into a gateway comes out of it: every size, every way, every shape of stripe; and what is stored of it. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { asSha256 } from '@holdfast/core/wire/ids.ts'
import { pieces, refusal, TestGateway } from './gateway.test-support.ts'

const KiB = 1024
const MiB = 1024 * KiB

describe('a gateway', () => {
  it('gives back what it was given, at every size and by every way', async () => {
    await using test = await TestGateway.open()
    for (const size of [0, 1, 4 * KiB, 256 * KiB, 256 * KiB + 1, MiB - 1, MiB]) {
      const body = randomBytes(size)
      const { answer, created } = await test.put(`small/${size}`, body)
      assert.equal(created, true)
      assert.equal(answer.size, size)
      assert.deepEqual(await test.get(`small/${size}`), body)
    }
    for (const strategy of ['direct', 'chunked', 'streaming'] as const) {
      for (const size of [0, 1, 3 * MiB, 13 * MiB + 5]) {
        const body = randomBytes(size)
        const { answer } = await test.put(`${strategy}/${size}`, pieces(body), { strategy })
        assert.equal(answer.strategy, strategy)
        assert.deepEqual(await test.get(`${strategy}/${size}`), body)
      }
    }
  })

  it('gives any range of a file of many chunks', async () => {
    await using test = await TestGateway.open()
    const body = randomBytes(9 * MiB)
    await test.put('file', pieces(body))
    for (let round = 0; round < 40; round++) {
      const offset = Math.floor(Math.random() * body.length)
      const length = 1 + Math.floor(Math.random() * (body.length - offset))
      assert.deepEqual(await test.get('file', { offset, length }), body.subarray(offset, offset + length))
    }
  })

  it('keeps every shape of stripe, from one node to ten', async () => {
    await using test = await TestGateway.open({ nodes: 14 })
    for (const [data, parity] of [
      [1, 0],
      [1, 1],
      [1, 2],
      [2, 1],
      [3, 2],
      [10, 4],
    ] as const) {
      const bucket = `shape-${data}-${parity}`
      await test.bucket(bucket, { redundancy: { data, parity } })
      const small = randomBytes(5000)
      const large = randomBytes(7 * MiB)
      await test.put('small', small, { bucket })
      await test.put('large', pieces(large), { bucket })
      assert.deepEqual(await test.get('small', undefined, bucket), small)
      assert.deepEqual(await test.get('large', undefined, bucket), large)
    }
  })

  it('stores the same bytes of a bucket once, and never across buckets', async () => {
    await using test = await TestGateway.open()
    await test.bucket('other', {})
    const stripes = (): unknown => test.catalog.engine.query('SELECT count(*) AS n FROM stripes', [])[0]?.['n']
    const small = randomBytes(10 * KiB)
    const large = randomBytes(8 * MiB)
    await test.put('a', small)
    await test.put('b', pieces(large))
    const before = stripes()
    await test.put('c', small)
    await test.put('d', pieces(large))
    assert.equal(stripes(), before)
    assert.deepEqual(await test.get('d'), large)
    await test.put('a', small, { bucket: 'other' })
    assert.notEqual(stripes(), before)
  })

  it('stores a file of many pages, and what repeats in it once, however it travels', async () => {
    await using test = await TestGateway.open()
    const one = {
      redundancy: { data: 1, parity: 0 },
      chunking: { minBytes: 4096, averageBytes: 4096, maxBytes: 16384 },
    }
    for (const strategy of ['chunked', 'direct'] as const) {
      await test.bucket(strategy, one)
      const part = randomBytes(11 * MiB)
      const body = Buffer.concat([part, part, randomBytes(20 * MiB), part])
      await test.put('file', pieces(body), { bucket: strategy, strategy })
      assert.deepEqual(await test.get('file', undefined, strategy), body)
    }
    const lists = await Promise.all(test.memories.map((memory) => memory.list({ limit: 1000 })))
    const storedBytes = lists.flat().reduce((sum, { lengthBytes }) => sum + lengthBytes, 0)
    assert.ok(storedBytes < 2 * 34 * MiB, `${storedBytes} bytes are stored`)
  })

  it('packs small files that arrive together into shared stripes', async () => {
    await using test = await TestGateway.open()
    const bodies = Array.from({ length: 64 }, () => randomBytes(4 * KiB))
    await Promise.all(bodies.map((body, i) => test.put(`f${i}`, body)))
    const [row] = test.catalog.engine.query('SELECT count(*) AS n FROM stripes', [])
    assert.ok(Number(row?.['n']) <= 4, `${row?.['n']} stripes`)
    for (const [i, body] of bodies.entries()) assert.deepEqual(await test.get(`f${i}`), body)
  })

  it('compresses what shrinks, and leaves media alone', async () => {
    await using test = await TestGateway.open()
    const stored = (): number =>
      Number(test.catalog.engine.query('SELECT sum(stored_bytes) AS n FROM chunks', [])[0]?.['n'] ?? 0)
    const text = Buffer.from('all work and no play makes a dull file\n'.repeat(30_000))
    await test.put('text', pieces(text))
    assert.ok(stored() < text.length / 10)
    const before = stored()
    await test.put('film', pieces(Buffer.concat([Buffer.from('x'), text])), { strategy: 'streaming' })
    assert.ok(stored() - before > text.length)
    assert.deepEqual(await test.get('text'), text)
  })

  it('refuses a body whose digest is another', async () => {
    await using test = await TestGateway.open()
    const expectedSha256 = asSha256('0'.repeat(64))
    await assert.rejects(test.put('file', randomBytes(10), { expectedSha256 }), refusal('digest_mismatch'))
    await assert.rejects(test.get('file'), refusal('file_not_found'))
  })
})
