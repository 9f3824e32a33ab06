/**
 * A store of which a part is lost or another's: its catalog, or its keys. A start says what it found and what mends it, makes and changes
 * nothing, and with the part put back everything is there.
 */
import assert from 'node:assert/strict'
import { cp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { contentOf } from './contents.ts'
import { Run, ServerProcess } from './server-process.ts'

const TEST_MS_MAX = 120_000
/** Exit codes. */
const NO_CATALOG = 10
const REFUSED = 6
const bytes = contentOf(1, 50_000)

/** Every name below, and what stands in keys and drives. */
async function everything(data: string): Promise<Map<string, string>> {
  const names = (await readdir(data, { recursive: true })).sort()
  const entries = names.map(async (name): Promise<[string, string]> => {
    const path = join(data, name)
    if ((await stat(path)).isDirectory() || name.startsWith('catalog')) return [name, '']
    return [name, (await readFile(path)).toString('latin1')]
  })
  return new Map(await Promise.all(entries))
}

/** A store that holds a file and does not run. */
async function stored(): Promise<ServerProcess> {
  const server = await ServerProcess.start()
  assert.equal((await server.client.put('a', bytes)).status, 201)
  await server.stop()
  return server
}

/** A start must end by itself, with sentences; answers them. */
async function refused(server: ServerProcess, exitCode: number): Promise<string> {
  const before = await everything(server.data)
  const run = new Run(['up', '--data', server.data, '--port', '0'])
  const deadline = setTimeout(() => run.signal('SIGKILL'), TEST_MS_MAX / 2)
  const { code, stderr } = await run.ended
  clearTimeout(deadline)
  assert.equal(code, exitCode, stderr)
  assert.equal(run.stdout, '', 'it is never ready')
  assert.doesNotMatch(stderr, /^\s+at |^\{|of this new store/m)
  const after = await everything(server.data)
  // Which a start that opens the catalog takes and leaves.
  for (const name of ['run/gateway.pid', 'catalog/lock.sqlite', 'catalog/lock.sqlite-journal']) {
    before.delete(name)
    after.delete(name)
  }
  assert.deepEqual(after, before, 'nothing was made or changed')
  return stderr
}

async function isWhole(server: ServerProcess): Promise<void> {
  await server.start()
  assert.deepEqual((await server.client.get('a')).body, bytes)
  await server.stop()
}

describe('a store without its catalog', { timeout: TEST_MS_MAX }, () => {
  const lost = (how: string): RegExp =>
    new RegExp(
      `catalog\\.sqlite is ${how}, but this is no first start: .*No (key|drive).*put .* back from a backup`,
      's',
    )

  it('is never started as an empty one, and is whole with its catalog put back', async () => {
    await using server = await stored()
    const catalog = join(server.data, 'catalog')
    const kept = join(server.data, '..', 'kept')
    await rename(catalog, kept)
    const said = await refused(server, NO_CATALOG)
    assert.match(said, lost('missing'))
    assert.ok(said.includes(join(server.data, 'keys/master.key')), said)

    await cp(kept, catalog, { recursive: true })
    await truncate(join(catalog, 'catalog.sqlite'), 0)
    assert.match(await refused(server, NO_CATALOG), lost('empty'))

    await rm(catalog, { recursive: true })
    await rename(kept, catalog)
    await isWhole(server)
  })

  it('is known by its drives alone, wherever they are named from', async () => {
    await using server = await stored()
    for (const name of ['catalog', 'keys', 'recovery.key', 'admin.key']) {
      await rm(join(server.data, name), { recursive: true })
    }
    assert.match(await refused(server, NO_CATALOG), lost('missing'))
    await using other = await ServerProcess.make()
    const before = await everything(server.data)
    const elsewhere = new Run(['up', '--data', other.data, '--port', '0', '--drives', server.drive(1)])
    const { code, stderr } = await elsewhere.ended
    assert.equal(code, NO_CATALOG)
    assert.ok(stderr.includes(`there are ${server.drive(1)}.`), stderr)
    assert.deepEqual(await everything(server.data), before)
    await assert.rejects(stat(other.data), { code: 'ENOENT' })
  })

  it('says that the catalog is damaged where it is cut off or something else', async () => {
    await using server = await stored()
    const path = join(server.data, 'catalog', 'catalog.sqlite')
    const whole = await readFile(path)
    for (const damaged of [whole.subarray(0, whole.length / 2), contentOf(2, whole.length)]) {
      await writeFile(path, damaged)
      const said = await refused(server, NO_CATALOG)
      assert.match(
        said,
        /catalog\.sqlite is damaged \(.*\)\. No key and no drive was changed.*put it back from a backup/s,
      )
    }
    await writeFile(path, whole)
    await isWhole(server)
  })
})

describe('a store without its recovery key', { timeout: TEST_MS_MAX }, () => {
  it('starts as before, and no start makes one or speaks of it; while it is there, every start does', async () => {
    await using server = await stored()
    const path = join(server.data, 'recovery.key')
    await server.start()
    assert.ok(server.stderr.includes(`${path} is still on this machine`), server.stderr)
    await server.stop()
    await rm(path)
    await server.start()
    assert.doesNotMatch(server.stderr, /recovery\.key/)
    assert.deepEqual((await server.client.get('a')).body, bytes)
    await assert.rejects(stat(path), { code: 'ENOENT' })
  })
})

describe('a store with other keys', { timeout: TEST_MS_MAX }, () => {
  it('refuses the master key of another, and a missing one, and makes none', async () => {
    await using server = await stored()
    await using other = await stored()
    const path = join(server.data, 'keys/master.key')
    const own = await readFile(path)
    await cp(join(other.data, 'keys/master.key'), path)
    assert.match(
      await refused(server, REFUSED),
      /master\.key is not the master key of this catalog: .*Put the keys\/master\.key back/,
    )
    await rm(path)
    assert.match(await refused(server, REFUSED), /master\.key is missing, .*put the file back/)
    await writeFile(path, own, { mode: 0o600 })
    await isWhole(server)
  })
})
