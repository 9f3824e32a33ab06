/**
 * A store whose catalog was put back from a backup, while its drives went on: nothing of what was stored since is harmed, everything that
 * the backup knows is read, and with the newer catalog put back all is there.
 */
import assert from 'node:assert/strict'
import { cp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { contentOf } from './contents.ts'
import { filePath, problemIn } from './http-client.ts'
import { ServerProcess } from './server-process.ts'

const TEST_MS_MAX = 180_000
const JOB_LOOK_MS = 50
const OLDER =
  /the catalog is older than the drives: drive-\d has heard number \d+ .*put the newer directory catalog back/
const [early, late] = [contentOf(1, 300_000), contentOf(2, 300_000)]

async function json(server: ServerProcess, path: string): Promise<Record<string, unknown>> {
  return JSON.parse((await server.client.ask('GET', path)).body.toString()) as Record<string, unknown>
}

/** Its end, as the job says it. */
async function collected(server: ServerProcess): Promise<string> {
  const { headers, body } = await server.client.ask('POST', '/api/v1/cluster/collect')
  assert.ok(headers.location !== undefined, body.toString())
  for (;;) {
    const { state } = await json(server, headers.location)
    if (state !== 'queued' && state !== 'running') return String(state)
    await sleep(JOB_LOOK_MS)
  }
}

/** Puts the directory catalog in the place of the one that is there, which `as` becomes. */
async function putBack(server: ServerProcess, kept: string, as: string): Promise<void> {
  await rename(join(server.data, 'catalog'), as)
  await cp(kept, join(server.data, 'catalog'), { recursive: true })
}

/** Starts over an older catalog and looks that it is read, changes nothing, and says why. */
async function isReadOnly(server: ServerProcess): Promise<void> {
  await server.start()
  assert.match(server.stderr, OLDER)
  const health = await json(server, '/health')
  assert.deepEqual([health['state'], health['readable'], health['writable']], ['recovery', true, false])
  assert.equal(problemIn(await server.client.ask('GET', '/readyz')).code, 'recovering')
  assert.deepEqual((await server.client.get('early')).body, early)
  const writes = [
    await server.client.put('new', contentOf(3, 100_000)),
    await server.client.put('early', early),
    await server.client.ask('DELETE', filePath('early')),
    await server.client.ask('PUT', '/api/v1/buckets/other'),
  ]
  for (const answer of writes) {
    const { status, code } = problemIn(answer)
    assert.deepEqual([status, code], [503, 'recovering'])
    assert.match(answer.body.toString(), OLDER)
  }
  assert.equal(await collected(server), 'failed')
  await server.stop()
}

describe('a catalog that is put back from a backup', { timeout: TEST_MS_MAX }, () => {
  it('is read and not written, however often it is started, and the newer one is whole when it is back', async () => {
    await using server = await ServerProcess.start()
    assert.equal((await server.client.put('early', early)).status, 201)
    await server.stop()
    const [backup, newer, worn] = ['backup', 'newer', 'worn'].map((name) => join(server.data, '..', name))
    assert.ok(backup !== undefined && newer !== undefined && worn !== undefined)
    await cp(join(server.data, 'catalog'), backup, { recursive: true })

    await server.start()
    assert.equal((await server.client.put('late', late)).status, 201)
    assert.equal((await server.client.ask('DELETE', filePath('early'))).status, 200)
    assert.equal(await collected(server), 'done')
    await server.stop()

    await putBack(server, backup, newer)
    await isReadOnly(server)
    await isReadOnly(server)

    await putBack(server, newer, worn)
    await server.start()
    assert.doesNotMatch(server.stderr, /older than the drives/)
    assert.equal((await json(server, '/health'))['writable'], true)
    assert.deepEqual((await server.client.get('late')).body, late)
    assert.equal((await server.client.get('early')).status, 404, 'it stays deleted')
    assert.equal((await server.client.put('new', early)).status, 201)
    assert.equal(await collected(server), 'done')
    assert.deepEqual((await server.client.get('late')).body, late)
    await server.stop()
  })

  it('is found out where nothing was stored since, for deleted files would be back', async () => {
    await using server = await ServerProcess.start()
    assert.equal((await server.client.put('early', early)).status, 201)
    await server.stop()
    const [backup, newer] = [join(server.data, '..', 'backup'), join(server.data, '..', 'newer')]
    await cp(join(server.data, 'catalog'), backup, { recursive: true })

    // The newest backup is taken as it is.
    await rm(join(server.data, 'catalog'), { recursive: true })
    await cp(backup, join(server.data, 'catalog'), { recursive: true })
    await server.start()
    assert.doesNotMatch(server.stderr, /older than the drives/)
    assert.equal((await server.client.ask('DELETE', filePath('early'))).status, 200)
    await server.stop()

    await putBack(server, backup, newer)
    await isReadOnly(server)
  })
})
