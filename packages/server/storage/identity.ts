/**
 * The file `identity` says who a disk is: cluster, the catalog's lineage, node, disk, and which start of it this is, by number and by
 * an id of its own: a copy of the disk counts up to the same number, but never draws the same id.
 *
 * A directory without it is a new disk, or a mount point whose disk is missing; nobody can tell which. So a disk is made
 * only when the caller says so, and only where there are no segments either.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { asId, type Id, isId } from '@holdfast/core/wire/ids.ts'
import type { Disk } from '../seams/disk.ts'
import { readLine, replaceLine } from './checked-line.ts'
import { SEGMENTS_DIRECTORY } from './segment-name.ts'

export interface Identity {
  readonly cluster: Id
  /** Orders of another catalog are refused. */
  readonly lineage: Id
  readonly node: Id
  readonly disk: Id
  /** Raised, and synced, before anything else at every start. */
  readonly starts: number
  /** Drawn anew at every start; `NEVER_STARTED` before the first. */
  readonly start: Id
}

export const NEVER_STARTED = asId('0'.repeat(32))

const FILE = 'identity'
const FORMAT = 1

export type ParsedIdentity =
  | { readonly is: 'known'; readonly identity: Identity }
  | { readonly is: 'missing' }
  | { readonly is: 'damaged' }
  | { readonly is: 'format_unknown' }

/** Makes a new disk of an empty directory. @throws disk_foreign where an identity or segments are there already */
export async function makeIdentity(disk: Disk, who: Omit<Identity, 'starts' | 'start'>): Promise<void> {
  if ((await disk.exists(FILE)) || (await disk.exists(SEGMENTS_DIRECTORY))) {
    throw new HoldfastError(
      'disk_foreign',
      'this directory holds a disk already: a new one is made only in an empty directory',
    )
  }
  await writeIdentity(disk, { ...who, starts: 0, start: NEVER_STARTED })
}

/** The identity of the disk of `node`. @throws node_unavailable (missing), disk_foreign, format_unknown */
export async function knownIdentity(disk: Disk, who: Pick<Identity, 'cluster' | 'node'>): Promise<Identity> {
  const found = await readIdentity(disk)
  if (found.is === 'missing')
    throw new HoldfastError('node_unavailable', 'the disk has no identity: new, or not mounted')
  if (found.is === 'damaged') throw new HoldfastError('disk_foreign', 'the identity of this disk is damaged')
  if (found.is === 'format_unknown')
    throw new HoldfastError('format_unknown', 'this disk was written by a newer Holdfast')
  const { cluster, node } = found.identity
  if (cluster !== who.cluster) throw new HoldfastError('disk_foreign', `this disk belongs to the cluster ${cluster}`)
  if (node !== who.node) throw new HoldfastError('disk_foreign', `this disk belongs to the node ${node}`)
  return found.identity
}

/** Counts a start, whose id must be new. Nothing else may be written to the disk before this has returned. */
export async function raiseStarts(disk: Disk, identity: Identity, start: Id): Promise<Identity> {
  const raised = { ...identity, starts: identity.starts + 1, start }
  await writeIdentity(disk, raised)
  return raised
}

export async function readIdentity(disk: Disk): Promise<ParsedIdentity> {
  const found = await readLine(disk, FILE)
  if (found.is !== 'known') return found
  const { value } = found
  if (value.format !== FORMAT) return { is: 'format_unknown' }
  if (!('cluster' in value && 'lineage' in value && 'node' in value && 'disk' in value)) return { is: 'damaged' }
  if (!('starts' in value && 'start' in value)) return { is: 'damaged' }
  const { cluster, lineage, node, disk: diskId, starts, start } = value
  const ids = isIdValue(cluster) && isIdValue(lineage) && isIdValue(node) && isIdValue(diskId) && isIdValue(start)
  if (!ids || typeof starts !== 'number' || !Number.isSafeInteger(starts)) return { is: 'damaged' }
  return { is: 'known', identity: { cluster, lineage, node, disk: diskId, starts, start } }
}

export function isSameIdentity(
  found: ParsedIdentity,
  { cluster, lineage, node, disk, starts, start }: Identity,
): boolean {
  if (found.is !== 'known') return false
  const { identity } = found
  const isSameDisk = identity.cluster === cluster && identity.node === node && identity.disk === disk
  return isSameDisk && identity.lineage === lineage && identity.starts === starts && identity.start === start
}

async function writeIdentity(
  disk: Disk,
  { cluster, lineage, node, disk: diskId, starts, start }: Identity,
): Promise<void> {
  await replaceLine(disk, FILE, { format: FORMAT, cluster, lineage, node, disk: diskId, starts, start })
}

function isIdValue(value: unknown): value is Id {
  return typeof value === 'string' && isId(value)
}
