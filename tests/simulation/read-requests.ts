/** Reading a file, whole or in part, as it is or as it was. What comes must be what was put; or nothing does, with a reason. */
import { HoldfastError, hasCode } from '@holdfast/core/wire/errors.ts'
import type { OpenFile } from '@holdfast/server/files/downloads.ts'
import type { Content } from './contents.ts'
import { type FileModel, type PathModel, type State, stateSeen } from './model.ts'
import { type Context, refusalOf } from './request.ts'
import { demand } from './violation.ts'

/** However the disks hang, a reader hears something within this time. */
const PIECE_MS_MAX = 40_000

interface Range {
  readonly offset: number
  readonly length: number
}

export async function readPath(context: Context, path: PathModel, whole = false): Promise<string> {
  const what = `reading ${path.name}`
  const watcher = path.watch()
  let open: OpenFile
  try {
    open = await context.gateway.downloads.open({ bucket: path.bucket.name, path: path.path })
  } catch (error) {
    if (!hasCode(error, 'file_not_found')) return refusalOf(error, what)
    demand(stateSeen(watcher, 'absent') !== undefined, `${what} finds the file that is there`)
    path.saw('absent')
    return 'absent'
  } finally {
    path.unwatch(watcher)
  }
  const { file, version, sha256 } = open.file
  const state: State | undefined = stateSeen(watcher, { versionId: version, sha256 })
  demand(state !== undefined && state !== 'absent', `${what} finds no version ${version} that never was, or is no more`)
  path.bucket.learn(path, state, { fileId: file, versionId: version })
  path.saw(state)
  const { epoch } = path
  return await readOpen(context, open, { what, content: state.content, whole }, () => path.epoch !== epoch)
}

export async function readVersion(context: Context, file: FileModel, id: string, whole = false): Promise<string> {
  const { path } = file
  const what = `reading version ${id} of ${path.name}`
  const [version, content] = [...file.versions].find(([known]) => known === id) ?? []
  if (version === undefined || content === undefined) return 'unknown'
  const { epoch } = path
  const mayGo = (): boolean => path.isBusy || path.epoch !== epoch || file.mayLack(version)
  let open: OpenFile
  try {
    open = await context.gateway.downloads.open({ bucket: path.bucket.name, path: path.path, version })
  } catch (error) {
    return hasCode(error, 'version_not_found') && mayGo() ? error.code : refusalOf(error, what)
  }
  return await readOpen(context, open, { what, content, whole }, mayGo)
}

async function readOpen(
  context: Context,
  open: OpenFile,
  { what, content, whole }: { what: string; content: Content; whole: boolean },
  mayGo: () => boolean,
): Promise<string> {
  const { random } = context
  demand(open.version.size === content.bytes.length, `${what} has its length`)
  if (open.whole !== undefined && (whole || random.chance(0.7))) {
    demand(isSame(open.whole, content.bytes), `${what} brings the bytes that were put`)
    return 'ok'
  }
  const range = whole || content.bytes.length === 0 || random.chance(0.5) ? undefined : someRange(context, content)
  const expected =
    range === undefined ? content.bytes : content.bytes.subarray(range.offset, range.offset + range.length)
  const leaves = !whole && random.chance(0.05)
  let at = 0
  try {
    for await (const piece of inTime(context, open.read(range, new AbortController().signal), what)) {
      demand(
        isSame(piece, expected.subarray(at, at + piece.length)),
        `${what} brings the bytes that were put, at ${at}`,
      )
      at += piece.length
      if (leaves) return 'client gone'
      if (random.chance(0.1)) await context.sleep(random.between(0, 30))
    }
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    return hasCode(error, 'version_not_found') && mayGo() ? error.code : refusalOf(error, what)
  }
  demand(at === expected.length, `${what} ends with its last byte, and not at ${at} of ${expected.length}`)
  return 'ok'
}

async function* inTime(
  { sleep }: Context,
  pieces: AsyncGenerator<Uint8Array>,
  what: string,
): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const next = await Promise.race([pieces.next(), sleep(PIECE_MS_MAX)])
      demand(next !== undefined, `${what} goes on or fails in time`)
      if (next.done) return
      yield next.value
    }
  } finally {
    await pieces.return(undefined)
  }
}

function someRange({ random }: Context, { bytes }: Content): Range {
  const offset = random.whole(0, bytes.length - 1)
  return { offset, length: random.whole(1, Math.min(bytes.length - offset, 200 * 1024)) }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}
