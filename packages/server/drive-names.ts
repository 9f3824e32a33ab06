/**
 * Which directory is which drive. A drive is known by the identity on it, in whatever order people name the directories. One that
 * says nothing is away or new, and nobody can tell which: it is taken for the drive that stood in its place before, then for
 * another that is away, and only what is left over is new, behind all that there are.
 *
 *     known           drive-1  drive-2  drive-3
 *     found           /c (3)   /a (1)   /b (nothing)   /d (nothing)      refused: /b and /d may be drive-2 or new
 *     found           /a (1)   /b (nothing)   /c (3)   /d (nothing)      /b is drive-2, which is away; /d is drive-4
 */
import { HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import type { Id } from '@holdfast/core/wire/ids.ts'
import type { NodeRow } from './catalog/rows.ts'
import { type Clock, within } from './seams/clock.ts'
import { systemCodeOf } from './seams/disk.ts'
import { FileDisk } from './seams/file-disk.ts'
import { readIdentity } from './storage/identity.ts'

/** A drive that hangs is away. */
const IDENTITY_MS_MAX = 5_000

export interface NamedDirectory {
  /** `drive-1`, …: what the catalog knows it by. */
  readonly name: string
  readonly directory: string
}

export interface FoundDirectory {
  readonly directory: string
  /** Undefined where it holds no drive of this cluster, or does not say so now. */
  readonly node: Id | undefined
}

export async function findNodes(directories: readonly string[], cluster: Id, clock: Clock): Promise<FoundDirectory[]> {
  return await Promise.all(
    directories.map(async (directory) => ({ directory, node: await nodeIn(directory, cluster, clock) })),
  )
}

async function nodeIn(directory: string, cluster: Id, clock: Clock): Promise<Id | undefined> {
  try {
    const found = await within(clock, IDENTITY_MS_MAX, readIdentity(new FileDisk(directory)))
    return found.is === 'known' && found.identity.cluster === cluster ? found.identity.node : undefined
  } catch (error) {
    // Why it cannot be read is told where it is opened.
    if (hasCode(error, 'node_unavailable') || systemCodeOf(error) !== undefined) return undefined
    throw error
  }
}

/** In the order of the nodes, new ones last. @throws bad_configuration where drives are moved, away and new at once */
export function nameDrives(
  found: readonly FoundDirectory[],
  nodes: readonly Pick<NodeRow, 'name' | 'node'>[],
): NamedDirectory[] {
  const named = new Map<string, string>()
  const unnamed = new Set(found.map(({ directory }) => directory))
  const take = (directory: string, name: string | undefined): void => {
    if (name === undefined || named.has(name) || !unnamed.delete(directory)) return
    named.set(name, directory)
  }
  const before = new Map(found.map(({ directory }, index) => [directory, nodes[index]?.name]))
  const said = found.map(({ directory, node }) => ({ directory, name: nodes.find((each) => each.node === node)?.name }))
  // Of a drive and its copy, the drive is the one that stayed in its place.
  for (const { directory, name } of said) if (name === before.get(directory)) take(directory, name)
  for (const { directory, name } of said) take(directory, name)

  const away = nodes.filter(({ name }) => !named.has(name))
  const areMoved = [...named].some(([name, directory]) => before.get(directory) !== name)
  if (areMoved && away.length > 0 && unnamed.size > away.length) {
    throw new HoldfastError(
      'bad_configuration',
      `the drives are in another order than before, ${away.map(({ name }) => name).join(', ')} away, and others new: ` +
        'name them in the order before, and new ones last',
    )
  }
  for (const directory of unnamed) take(directory, before.get(directory))
  const names = [...nodes.map(({ name }) => name), ...found.map((_, index) => `drive-${nodes.length + index + 1}`)]
  for (const directory of unnamed) {
    take(
      directory,
      names.find((name) => !named.has(name)),
    )
  }
  return names.flatMap((name) => {
    const directory = named.get(name)
    return directory === undefined ? [] : [{ name, directory }]
  })
}
