import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { checkPlaces } from './places.ts'
import { systemClock } from './seams/clock.ts'

/** Directories to start in: what ends in `/` is made as one, everything else as a file; `->` makes a link. */
class World implements AsyncDisposable {
  readonly root: string

  private constructor(root: string) {
    this.root = root
  }

  static async of(...things: readonly string[]): Promise<World> {
    const world = new World(await mkdtemp(join(tmpdir(), 'holdfast-places-')))
    for (const thing of things) {
      const [path = '', target] = thing.split(' -> ')
      await mkdir(join(world.path(path), thing.endsWith('/') ? '.' : '..'), { recursive: true })
      if (target !== undefined) await symlink(world.path(target), world.path(path))
      else if (!thing.endsWith('/')) await writeFile(world.path(path), 'x')
    }
    return world
  }

  path(name: string): string {
    return join(this.root, name)
  }

  /** What a start with `--data data` says of it, with paths as they are named here; an empty text where it goes on without a word. */
  async said(...drives: readonly string[]): Promise<string> {
    const before = await this.#names()
    const places = { data: this.path('data'), drives: drives.map((name) => this.path(name)), clock: systemClock }
    let told = ''
    const said = await checkPlaces(places, (sentence) => {
      told = sentence
    }).then(
      () => told,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    assert.deepEqual(await this.#names(), before, 'a look changes nothing')
    return said.replaceAll(`${this.root}/`, '')
  }

  async #names(): Promise<string[]> {
    return (await readdir(this.root, { recursive: true })).sort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true })
  }
}

describe('the places of a first start', () => {
  it('may be empty, missing, a fresh file system, or what a start that was cut off has made', async () => {
    await using world = await World.of('1/', '2/lost+found/', '3/identity.new', 'data/run/', 'data/catalog/')
    assert.equal(await world.said('1', '2', '3', '4'), '')
    assert.equal(await world.said(), '')
    await using nothing = await World.of()
    assert.equal(
      await nothing.said('data/drives/1', 'data/drives/2', '3'),
      '',
      'what lies below the data is made with it',
    )
  })

  it('hold nobody’s files', async () => {
    await using world = await World.of('1/a.jpg', '1/b.jpg', '1/c.jpg', '1/d.jpg', '1/e.jpg', '2', 'empty/')
    assert.equal(
      await world.said('empty', '1'),
      '1 holds a.jpg, b.jpg, c.jpg and 2 more: a new drive is made in an empty directory. Name one, such as 1/holdfast',
    )
    assert.equal(await world.said('2'), '2 is a file or a link to nothing: a drive is a directory')
    await using photos = await World.of('data/a.jpg', 'data/run/')
    assert.match(await photos.said(), /^data holds a\.jpg too, which Holdfast leaves alone$/)
    await using file = await World.of('data')
    assert.equal(await file.said(), 'data is a file or a link to nothing: --data names a directory')
    await using inside = await World.of('data/1/', 'data/drives/2/')
    assert.equal(await inside.said('data/1', 'data/drives/2'), '', 'what is named as a drive is not foreign')
  })

  it('can be looked at', async () => {
    await using world = await World.of('a -> b', 'b -> a')
    assert.match(await world.said('a'), /^a cannot be looked at: .*a: its links lead in a circle: mend them/)
    await using later = await World.of('a -> b', 'b -> a', 'data/catalog/catalog.sqlite')
    assert.equal(await later.said('a'), '', 'a drive that is known may be away')
  })

  it('are not made with all that they would lie in, which is mistyped or not mounted', async () => {
    await using world = await World.of('disks/')
    assert.equal(await world.said('disks/1', 'disks/2'), '')
    assert.match(
      await world.said('disks/1', 'dsks/2'),
      /^dsks\/2 cannot be made, for there is no directory dsks: mount or/,
    )
  })
})

describe('the drives of a start', () => {
  it('are apart, whatever their directories are called', async () => {
    await using world = await World.of('1/', '2/', 'link -> 1', 'links/1 -> 2', 'way -> links', 'nothing -> gone')
    const sentence = /: --drives names a directory for each drive, best on a disk of its own$/
    for (const [drives, what] of [
      [['1', '1/.'], '1 and 1 are one directory'],
      [['1', 'link'], '1 and link are one directory'],
      [['2', 'way/1'], '2 and way/1 are one directory'],
      [['1', '1/2'], '1/2 lies in 1'],
      [['link/2', '1'], 'link/2 lies in 1'],
      [['3', 'way/../3'], '3 and 3 are one directory'],
    ] as const) {
      const said = await world.said(...drives)
      assert.match(said, sentence, drives.join())
      assert.equal(said.replace(sentence, ''), what)
    }
    assert.equal(await world.said('1', '2', '11'), '', 'a name that begins alike lies beside')
    assert.match(await world.said('nothing'), /^nothing is a file or a link to nothing/)
  })

  it('are apart at every start, and what else is in them is asked at the first one only', async () => {
    await using world = await World.of('data/catalog/catalog.sqlite', 'data/keys/master.key', 'data/a.jpg', '1/a.jpg')
    assert.equal(await world.said('1', 'gone/2'), '')
    assert.match(await world.said('1', '1/2'), /lies in/)
  })
})

describe('what is left of a store that has lost its catalog', () => {
  it('is known by each of its keys and drives, and by what has not reached the catalog', async () => {
    for (const trace of [
      'data/keys/master.key',
      'data/recovery.key',
      'data/catalog/catalog.sqlite-wal',
      'data/nodes/7/identity',
      '1/segments/0.seg',
      '1/identity',
    ]) {
      await using world = await World.of(trace, 'data/nodes/', '1/')
      assert.match(
        await world.said('1'),
        /^the catalog data\/catalog\/catalog\.sqlite is missing, but this is no first start/,
        trace,
      )
    }
    await using without = await World.of('data/nodes/7/', 'data/admin.key', '1/')
    assert.equal(await without.said('1'), '')
  })

  it('is told in what is there, and relative paths are as good as others', async () => {
    await using world = await World.of('1/identity', '2/identity', '3/identity', '4/identity', '5/identity')
    const drives = ['1', '2', '3', '4', '5'].map((name) => relative('.', world.path(name)))
    await assert.rejects(
      checkPlaces({ data: world.path('data'), drives, clock: systemClock }, assert.fail),
      (error) => {
        assert.ok(error instanceof Error)
        assert.ok(error.message.includes(`there are ${drives.slice(0, 3).join(', ')} and 2 more.`), error.message)
        return true
      },
    )
  })
})
