/** What the system says no to, in a sentence for the person who started the program: where, what is wrong, and what mends it. */
import { systemCodeOf } from './disk.ts'

const SENTENCES: Readonly<Record<string, string>> = {
  EACCES: 'this user may not use it: give it to this user (chown, chmod), or name another directory',
  EDQUOT: 'the quota of this user is used up: make room, or name a directory on another disk',
  EEXIST: 'a file of that name is in the way: move it away, or name another directory',
  EIO: 'the disk does not read or write: look at the system log, and replace the disk or its cable',
  EISDIR: 'a directory is where a file belongs: move it away',
  ELOOP: 'its links lead in a circle: mend them, or name another directory',
  EMFILE: 'too many files are open: raise the limit (ulimit -n)',
  ENAMETOOLONG: 'its name is too long: name another directory',
  ENFILE: 'the system has too many files open: raise its limit (fs.file-max)',
  ENOENT: 'it is not there: make or mount it, or mend its name',
  ENOSPC: 'the disk is full: make room on it, or name a directory on another one',
  ENOTDIR: 'a file is where a directory belongs: move it away, or name another directory',
  EPERM: 'the system does not let this user do that: name a directory that is this user’s own',
  EROFS: 'it is mounted read-only: mount it writable, or name another directory',
}

/** Undefined where it is no failure that a person can mend: a bug then. */
export function systemRefusal(error: unknown): string | undefined {
  const code = systemCodeOf(error)
  const sentence = code === undefined ? undefined : SENTENCES[code]
  if (sentence === undefined || !(error instanceof Error)) return undefined
  const [path, call] = [textOf(error, 'path'), textOf(error, 'syscall')]
  return `${path === undefined ? '' : `${path}: `}${sentence} (${call === undefined ? '' : `${call} `}${code})`
}

function textOf(error: Error, name: 'path' | 'syscall'): string | undefined {
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' ? value : undefined
}
