/**
 * The directories that a start is told to work in, looked at before anything is made or changed in them. What a person has mistyped,
 * not mounted or lost is refused here, with what was found and what mends it:
 *
 * - drives lie apart: two in one directory would die as one, and be counted as two;
 * - a directory that holds somebody's files is no drive, and is told of where the data are to lie;
 * - keys or drives without a catalog are a store that has lost it. A new catalog would show an empty store, and hide that one.
 */
import { dirname, join, relative, resolve, sep } from 'node:path'
import { HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import { type Clock, within } from './seams/clock.ts'
import { systemCodeOf } from './seams/disk.ts'
import { FileDisk } from './seams/file-disk.ts'
import { type Found, lookAt } from './seams/look-at.ts'
import { systemRefusal } from './seams/system-refusal.ts'

/** A drive that hangs is away, and says nothing. */
const LOOK_MS_MAX = 5_000
const NAMES_TOLD_MAX = 3

/** What a new file system brings along. */
const OF_THE_FILE_SYSTEM = ['lost+found']
const OF_THE_DATA = ['admin.key', 'catalog', 'keys', 'nodes', 'recovery.key', 'run']
const OF_A_DRIVE = ['identity', 'segments']
/** `identity` while it is written. */
const OF_A_DRIVE_IN_THE_MAKING = 'identity.new'
/** The log of a catalog is made after the catalog, and SQLite throws away one whose catalog is gone. */
const OF_A_STORE = ['keys/master.key', 'recovery.key', 'catalog/catalog.sqlite-wal']

export interface Places {
  readonly data: string
  /** Those that `--drives` names; else they lie in the data directory. */
  readonly drives: readonly string[]
  readonly clock: Clock
}

interface FoundDrive {
  readonly directory: string
  /** Undefined where it does not say so now, and `why` is the reason. */
  readonly found: Found | undefined
  readonly why?: Error
}

/** `tell` hears what is strange and no harm. @throws bad_configuration, catalog_unavailable where a catalog is lost */
export async function checkPlaces(places: Places, tell: (sentence: string) => void): Promise<void> {
  const { data, drives } = places
  const home = await lookAt(data)
  if (home.is === 'in the way') throw misplaced(`${data} is a file or a link to nothing: --data names a directory`)
  const named = await lookAtDrives(drives, places.clock)
  assertApart(named)
  // Looked at before the catalog, which another process that starts here now makes first.
  const traces = [...(await storeIn(data)), ...(await drivesOf(places))]
  const catalog = await catalogIn(data)
  if (catalog === 'there') return
  if (traces.length > 0) throw lostError(places, catalog, traces)
  const others = home.is === 'directory' ? othersIn(places, home.names) : []
  if (others.length > 0) tell(`${data} holds ${few(others)} too, which Holdfast leaves alone`)
  for (const { directory, found, why } of named) {
    if (found === undefined)
      throw misplaced(`${directory} cannot be looked at: ${(why && systemRefusal(why)) ?? why?.message}`)
    assertNewDrive(places, directory, found)
  }
}

/** For a catalog that holds no cluster yet, which may be a first start that was cut off: drives are made after it. */
export async function assertNoDrives(places: Places): Promise<void> {
  const traces = await drivesOf(places)
  if (traces.length > 0) throw lostError(places, 'without a cluster', traces)
}

/** Where a drive is to be made. What is a drive already is refused by who makes it. @throws bad_configuration */
export function assertNewDrive({ data }: Pick<Places, 'data'>, directory: string, found: Found): void {
  if (found.is === 'in the way') throw misplaced(`${directory} is a file or a link to nothing: a drive is a directory`)
  if (found.is === 'missing') {
    // What lies below the data directory is made with it.
    if (found.makable || resolve(directory).startsWith(insideOf(data))) return
    throw misplaced(
      `${directory} cannot be made, for there is no directory ${dirname(directory)}: mount or make that one, or mend the name`,
    )
  }
  if (isDrive(found)) return
  const foreign = found.names.filter((name) => !OF_THE_FILE_SYSTEM.includes(name) && name !== OF_A_DRIVE_IN_THE_MAKING)
  if (foreign.length === 0) return
  throw misplaced(
    `${directory} holds ${few(foreign)}: a new drive is made in an empty directory. Name one, such as ${join(directory, 'holdfast')}`,
  )
}

function othersIn({ data, drives }: Places, names: readonly string[]): string[] {
  const drivesInside = drives.map((directory) => relative(data, resolve(directory)).split(sep)[0])
  const known = [...OF_THE_DATA, ...OF_THE_FILE_SYSTEM, ...drivesInside]
  return names.filter((name) => !known.includes(name))
}

function assertApart(drives: readonly FoundDrive[]): void {
  for (const [index, one] of drives.entries()) {
    for (const other of drives.slice(index + 1)) {
      if (one.found === undefined || other.found === undefined) continue
      const [a, b] = [one.found, other.found]
      const isSame = a.realPath === b.realPath || (a.is === 'directory' && b.is === 'directory' && a.file === b.file)
      if (isSame) throw apartError(`${one.directory} and ${other.directory} are one directory`)
      if (b.realPath.startsWith(insideOf(a.realPath))) throw apartError(`${other.directory} lies in ${one.directory}`)
      if (a.realPath.startsWith(insideOf(b.realPath))) throw apartError(`${one.directory} lies in ${other.directory}`)
    }
  }
}

function insideOf(path: string): string {
  return path.endsWith(sep) ? path : `${path}${sep}`
}

function apartError(what: string): HoldfastError {
  return misplaced(`${what}: --drives names a directory for each drive, best on a disk of its own`)
}

async function lookAtDrives(directories: readonly string[], clock: Clock): Promise<FoundDrive[]> {
  return await Promise.all(
    directories.map(async (directory) => {
      try {
        return { directory, found: await within(clock, LOOK_MS_MAX, lookAt(directory)) }
      } catch (error) {
        // A drive that is known may be away; why, is told where it is opened.
        if (!(error instanceof Error) || (!hasCode(error, 'node_unavailable') && systemCodeOf(error) === undefined))
          throw error
        return { directory, found: undefined, why: error }
      }
    }),
  )
}

async function storeIn(data: string): Promise<string[]> {
  const disk = new FileDisk(data)
  const there = await Promise.all(
    OF_A_STORE.map(async (name) => ((await disk.exists(name)) ? [disk.pathOf(name)] : [])),
  )
  return there.flat()
}

/** Directories that are a drive of some store. */
async function drivesOf({ data, drives, clock }: Places): Promise<string[]> {
  const own = join(data, 'nodes')
  const numbered = (await new FileDisk(data).list('nodes')).map((name) => join(own, name))
  const all = await lookAtDrives([...drives, ...numbered], clock)
  return all.filter(({ found }) => found !== undefined && isDrive(found)).map(({ directory }) => directory)
}

function isDrive(found: Found): boolean {
  return found.is === 'directory' && OF_A_DRIVE.some((name) => found.names.includes(name))
}

async function catalogIn(data: string): Promise<'there' | 'empty' | 'missing'> {
  try {
    await using file = await new FileDisk(join(data, 'catalog')).open('catalog.sqlite', { mode: 'read' })
    return (await file.size()) === 0 ? 'empty' : 'there'
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return 'missing'
    throw error
  }
}

function lostError({ data }: Places, catalog: string, traces: readonly string[]): HoldfastError {
  return new HoldfastError(
    'catalog_unavailable',
    `the catalog ${join(data, 'catalog', 'catalog.sqlite')} is ${catalog}, but this is no first start: there are ${few(traces)}.\n` +
      'No key and no drive was changed. Leave them as they are, put the directory catalog back from a backup, and start again;\n' +
      'getting a catalog back from the drives alone comes with a later release. For a new and empty store, name another --data\n' +
      'and other drives. If the drives belong to another data directory, name that one with --data.',
  )
}

function few(names: readonly string[]): string {
  const more = names.length - NAMES_TOLD_MAX
  return names.slice(0, NAMES_TOLD_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '')
}

function misplaced(message: string): HoldfastError {
  return new HoldfastError('bad_configuration', message)
}
