/** What every disk owes the storage floor, as far as it can be seen without a crash. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Disk, systemCodeOf } from './disk.ts'

async function failsWith(code: string, act: () => Promise<unknown>): Promise<void> {
  await assert.rejects(act, (error) => systemCodeOf(error) === code || assert.fail(`expected ${code}, got ${error}`))
}

/** Memory as the page-aligned writers have it, and as everybody else has it. */
function pages(count: number, fill: number, shift: number): Uint8Array {
  const memory = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer)
  return memory.subarray(shift, shift + count * 4096).fill(fill)
}

/** Where it is skipped, `skip` says why. */
export function diskContract(
  name: string,
  openDisk: () => Promise<{ disk: Disk } & AsyncDisposable>,
  skip: string | false = false,
): void {
  describe(`disk contract: ${name}`, { skip }, () => {
    it('reads what was written, up to the end', async () => {
      await using held = await openDisk()
      await using file = await held.disk.open('a.seg', { mode: 'create' })
      await file.write([Buffer.from('one'), Buffer.alloc(0), Buffer.from('two')], 2)
      const into = Buffer.alloc(20)
      assert.equal(await file.read(into, 0), 8)
      assert.equal(into.toString('latin1', 0, 8), '\0\0onetwo')
      assert.equal(file.readNow(into, 5), 3)
      assert.equal(into.toString('latin1', 0, 3), 'two')
      assert.equal(await file.read(into, 100), 0)
      assert.equal(await file.size(), 8)
      await file.sync()
    })

    it('writes durable pages from aligned and from other memory', async () => {
      await using held = await openDisk()
      await held.disk.makeDirectory('segments')
      await using file = await held.disk.open('segments/a.seg', { mode: 'create', durable: true })
      await file.write([pages(2, 1, 0), pages(1, 2, 4096)], 0)
      await file.write([pages(1, 3, 8)], 4096)
      await file.write([pages(1, 4, 0), pages(1, 5, 3)], 3 * 4096)
      await using reader = await held.disk.open('segments/a.seg', { mode: 'read' })
      const into = Buffer.alloc(6 * 4096)
      assert.equal(await reader.read(into, 0), 5 * 4096)
      assert.deepEqual(
        [0, 1, 2, 3, 4].map((page) => new Set(into.subarray(page * 4096, page * 4096 + 4096))),
        [1, 3, 2, 4, 5].map((value) => new Set([value])),
      )
    })

    it('reads past the page cache into aligned and into other memory, up to the end', async () => {
      await using held = await openDisk()
      await using file = await held.disk.open('a.seg', { mode: 'create', durable: true })
      await file.write([pages(1, 1, 0), pages(2, 2, 4096)], 0)
      await using reader = await held.disk.open('a.seg', { mode: 'read', uncached: true })
      for (const [shift, position] of [
        [0, 4096],
        [8, 4096],
        [8, 4000],
      ] as const) {
        const into = pages(3, 9, shift)
        const count = 3 * 4096 - position
        assert.equal(await reader.read(into, position), count)
        assert.deepEqual(new Set(into.subarray(4096 - (position % 4096), count)), new Set([2]))
      }
      assert.equal(await reader.read(pages(1, 9, 0), 3 * 4096), 0)
    })

    it('shows to readers what is written while they have the file open', async () => {
      await using held = await openDisk()
      await using file = await held.disk.open('a.seg', { mode: 'create', durable: true })
      await file.write([pages(4, 0, 0)], 0)
      await using reader = await held.disk.open('a.seg', { mode: 'read' })
      const into = Buffer.alloc(4096)
      for (let value = 1; value < 50; value++) {
        await reader.read(into, 0)
        await file.write([pages(1, value, 0)], 4096 * (value % 4))
        assert.equal(reader.readNow(into, 4096 * (value % 4)), 4096)
        assert.deepEqual(new Set(into), new Set([value]))
      }
    })

    it('cuts and lengthens a file with zeros', async () => {
      await using held = await openDisk()
      await using file = await held.disk.open('a.seg', { mode: 'create' })
      await file.write([Buffer.alloc(10, 7)], 0)
      await file.truncate(4)
      await file.truncate(6)
      const into = Buffer.alloc(10)
      assert.equal(await file.read(into, 0), 6)
      assert.deepEqual([...into.subarray(0, 6)], [7, 7, 7, 7, 0, 0])
    })

    it('makes, lists, renames and removes names', async () => {
      await using held = await openDisk()
      const { disk } = held
      await disk.makeDirectory('segments')
      for (const name of ['b', 'a', 'segments/c.seg']) await (await disk.open(name, { mode: 'create' })).close()
      assert.deepEqual(await disk.list('.'), ['a', 'b', 'segments'])
      await disk.rename('a', 'b')
      await disk.syncDirectory('.')
      assert.deepEqual(await disk.list('.'), ['b', 'segments'])
      assert.deepEqual(await disk.list('segments'), ['c.seg'])
      await disk.remove('segments/c.seg')
      await disk.syncDirectory('segments')
      assert.deepEqual(await disk.list('segments'), [])
      assert.deepEqual(await disk.list('nowhere'), [])
      assert.deepEqual(
        [await disk.exists('b'), await disk.exists('a'), await disk.exists('segments')],
        [true, false, true],
      )
    })

    it('names what it cannot do as the system does', async () => {
      await using held = await openDisk()
      const { disk } = held
      await (await disk.open('a', { mode: 'create' })).close()
      await failsWith('EEXIST', () => disk.open('a', { mode: 'create' }))
      await failsWith('ENOENT', () => disk.open('b', { mode: 'read' }))
      await failsWith('ENOENT', () => disk.open('b', { mode: 'write', durable: true }))
      await failsWith('ENOENT', () => disk.open('nowhere/b', { mode: 'create' }))
      await failsWith('ENOENT', () => disk.remove('b'))
      await failsWith('ENOENT', () => disk.rename('b', 'c'))
    })

    it('closes a file twice without harm, and says how much room there is', async () => {
      await using held = await openDisk()
      const file = await held.disk.open('a', { mode: 'create', durable: true })
      await file.close()
      await file.close()
      const { capacityBytes, freeBytes } = await held.disk.space()
      assert.ok(capacityBytes >= freeBytes && freeBytes > 0)
    })
  })
}
