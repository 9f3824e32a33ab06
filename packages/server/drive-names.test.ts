import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { hasCode } from '@holdfast/core/wire/errors.ts'
import { asId, type Id } from '@holdfast/core/wire/ids.ts'
import { findNodes, nameDrives } from './drive-names.ts'
import { sleep, systemClock } from './seams/clock.ts'
import { FileDisk } from './seams/file-disk.ts'
import { hangAt } from './seams/hanging-file.test-support.ts'
import { ManualClock } from './seams/manual-clock.test-support.ts'
import { makeIdentity } from './storage/identity.ts'

/** Only where the test fails. */
const LATE_MS = 20_000

const idOf = (number: number): Id => asId(String(number).padStart(32, '0'))

/** Three drives are known. `/a:1` is a directory that holds the first of them, `/a` one that says nothing; answers their names. */
function named(...directories: readonly string[]): string {
  const nodes = [1, 2, 3].map((number) => ({ name: `drive-${number}`, node: idOf(number) }))
  const found = directories.map((text) => {
    const [directory = '', node] = text.split(':')
    return { directory, node: node === undefined ? undefined : idOf(Number(node)) }
  })
  return nameDrives(found, nodes)
    .map(({ name, directory }) => `${directory} is ${name}`)
    .join(', ')
}

describe('the names of drives', () => {
  it('are those of the identities, in whatever order the directories are given', () => {
    for (const given of [
      ['/a:1', '/b:2', '/c:3'],
      ['/b:2', '/c:3', '/a:1'],
      ['/c:3', '/b:2', '/a:1'],
    ]) {
      assert.equal(named(...given), '/a is drive-1, /b is drive-2, /c is drive-3')
    }
  })

  it('go to silent directories by their places, and by what is left', () => {
    assert.equal(named('/a', '/b', '/c'), '/a is drive-1, /b is drive-2, /c is drive-3')
    assert.equal(named('/a:1', '/b', '/c:3'), '/a is drive-1, /b is drive-2, /c is drive-3')
    assert.equal(named('/b', '/c:3', '/a:1'), '/a is drive-1, /b is drive-2, /c is drive-3')
    assert.equal(named('/c', '/b', '/a:1'), '/a is drive-1, /b is drive-2, /c is drive-3')
  })

  it('go on behind those that are known, wherever the new ones stand', () => {
    const added = '/a is drive-1, /b is drive-2, /c is drive-3, /d is drive-4, /e is drive-5'
    assert.equal(named('/a:1', '/b:2', '/c:3', '/d', '/e'), added)
    assert.equal(named('/d', '/c:3', '/e', '/a:1', '/b:2'), added)
    assert.equal(named('/a:1', '/b', '/c:3', '/d', '/e:9'), added)
    assert.equal(
      nameDrives([{ directory: '/a', node: idOf(1) }], []).map(({ name }) => name)[0],
      'drive-1',
      'of a start that was killed before the catalog heard of it',
    )
  })

  it('are refused where nobody can tell what is away from what is new', () => {
    for (const given of [
      ['/c:3', '/a:1', '/b', '/d'],
      ['/d', '/a:1', '/b:2', '/c'],
    ]) {
      assert.throws(
        () => named(...given),
        (error) => hasCode(error, 'bad_configuration') && /drive-\d away.* new ones last/.test(error.message),
      )
    }
  })

  it('leave out what is not named, which is refused further on', () => {
    assert.equal(named('/c:3', '/a:1'), '/a is drive-1, /c is drive-3')
  })

  it('take the drive in its own place for the drive, and its copy for another', () => {
    assert.equal(named('/x:2', '/b:2', '/c:3'), '/x is drive-1, /b is drive-2, /c is drive-3')
    assert.equal(named('/a:1', '/b:2', '/c:3', '/x:1'), '/a is drive-1, /b is drive-2, /c is drive-3, /x is drive-4')
  })
})

describe('the nodes in directories', () => {
  it('are those of this cluster that can be read now', async () => {
    const root = await mkdtemp(join(tmpdir(), 'holdfast-names-'))
    try {
      const at = (name: string): string => join(root, name)
      const who = { cluster: idOf(7), lineage: idOf(8), node: idOf(1), disk: idOf(9) }
      const other = { ...who, cluster: idOf(6) }
      for (const [name, identity] of [
        ['ours', who],
        ['theirs', other],
      ] as const) {
        await new FileDisk(root).makeDirectory(name)
        await makeIdentity(new FileDisk(at(name)), identity)
      }
      const found = await findNodes(
        [at('theirs'), at('ours'), at('nowhere'), at('ours/identity')],
        idOf(7),
        systemClock,
      )
      assert.deepEqual(
        found.map(({ node }) => node),
        [undefined, idOf(1), undefined, undefined],
      )
    } finally {
      await rm(root, { recursive: true })
    }
  })

  const skip = process.platform === 'win32' && 'needs a pipe with a name'
  it('are not waited for where a drive hangs: it says nothing', { skip }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-names-'))
    await makeIdentity(new FileDisk(directory), { cluster: idOf(7), lineage: idOf(8), node: idOf(1), disk: idOf(9) })
    const goOn = await hangAt(join(directory, 'identity'))
    try {
      const clock = new ManualClock()
      const finding = findNodes([directory], idOf(7), clock)
      clock.advance(5000)
      const late = sleep(systemClock, LATE_MS).then(() => 'still waits')
      assert.deepEqual(await Promise.race([finding, late]), [{ directory, node: undefined }])
    } finally {
      await goOn()
      await rm(directory, { recursive: true })
    }
  })
})
