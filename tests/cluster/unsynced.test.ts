import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { momentsIn } from './system-calls.ts'
import { promisesIn } from './unsynced.ts'

/** A first start and a write as they should be; each line that a test leaves out is a promise broken. */
const GOOD = [
  '1 mkdir("/d/segments", 0700) = 0',
  '2 openat(AT_FDCWD</>, "/d", O_RDONLY|O_CLOEXEC) = 3</d>',
  '2 fsync(3</d>) = 0',
  '1 openat(AT_FDCWD</>, "/d/key.new", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600) = 4</d/key.new>',
  '1 write(4</d/key.new>, "secret", 6) = 6',
  '1 fsync(4</d/key.new> <unfinished ...>',
  '2 close(3</d>) = 0',
  '1 <... fsync resumed>)              = 0',
  '1 close(4</d/key.new>) = 0',
  '1 rename("/d/key.new", "/d/key") = 0',
  '1 fsync(3</d>) = 0',
  '1 openat(AT_FDCWD</>, "/d/segments/1", O_RDWR|O_CREAT|O_EXCL|O_DSYNC|O_CLOEXEC, 0600) = 5</d/segments/1>',
  '1 fsync(6</d/segments>) = 0',
  '1 pwritev(5</d/segments/1>, [{iov_base="HFREC"..., iov_len=4096}], 1, 0) = 4096',
  '3 pwrite64(7</d/wal>, "\\0\\0", 4096, 0) = 4096',
  '3 fdatasync(7</d/wal>) = 0',
  '1 writev(8<socket:[1]>, [{iov_base="HTTP/1.1 201 Created\\r\\n"..., iov_len=300}], 1) = 300',
]

function unsyncedIn(lines: readonly string[]): readonly string[] {
  const counts = (path: string): boolean => path.startsWith('/d/')
  const promised = promisesIn(momentsIn(lines.join('\n')), { counts, promise: /HTTP\/1\.1 2\d\d/ })
  assert.deepEqual(
    promised.map(({ promise }) => promise),
    ['HTTP/1.1 201'],
  )
  return promised[0]?.unsynced ?? []
}

describe('what a trace tells of syncs', () => {
  it('is nothing where all is synced', () => {
    assert.deepEqual(unsyncedIn(GOOD), [])
  })

  const bad: Record<string, [change: (line: string) => string[], told: string[]]> = {
    'a file before it was renamed': [
      (line) => (/^1 (fsync\(4|<\.\.\.)/.test(line) ? [] : [line]),
      ['/d/key was not synced since it was written'],
    ],
    'a directory after a file was renamed': [
      (line) => (line.includes('fsync(3') ? [] : [line]),
      ['/d was not synced since /d/segments is in it', '/d was not synced since /d/key is in it'],
    ],
    'the directory of a segment': [
      (line) => (line.includes('fsync(6') ? [] : [line]),
      ['/d/segments was not synced since /d/segments/1 is in it'],
    ],
    'a handle that does not sync': [
      (line) => [line.replace('|O_DSYNC', '')],
      ['/d/segments/1 was not synced since it was written'],
    ],
    'the log': [(line) => (line.includes('fdatasync') ? [] : [line]), ['/d/wal was not synced since it was written']],
    'a sync that failed': [
      (line) => [line.replace('fdatasync(7</d/wal>) = 0', 'fdatasync(7</d/wal>) = -1 EIO (Input/output error)')],
      ['/d/wal was not synced since it was written'],
    ],
    'a sync that began before the write had ended': [
      (line) => {
        if (line.includes('fdatasync')) return []
        if (!line.includes('pwrite64')) return [line]
        return ['4 fdatasync(7</d/wal> <unfinished ...>', line, '4 <... fdatasync resumed>) = 0']
      },
      ['/d/wal was not synced since it was written'],
    ],
    'a sync that ends after the answer': [
      (line) => {
        if (line.includes('fdatasync')) return ['3 fdatasync(7</d/wal> <unfinished ...>']
        return line.includes('HTTP') ? [line, '3 <... fdatasync resumed>) = 0'] : [line]
      },
      ['/d/wal was not synced since it was written'],
    ],
    'a handle whose number was another’s': [
      (line) =>
        line.includes('HTTP') ? ['1 close(5</d/segments/1>) = 0', '1 write(5</d/late>, "a", 1) = 1', line] : [line],
      ['/d/late was not synced since it was written'],
    ],
  }
  for (const [what, [change, told]] of Object.entries(bad)) {
    it(`names ${what}`, () => assert.deepEqual(unsyncedIn(GOOD.flatMap(change)), told))
  }

  it('refuses a line that it does not know', () => {
    assert.throws(() => momentsIn('1 fsync(4</d'), /no line of a trace/)
    assert.throws(() => momentsIn('1 <... fsync resumed>) = 0'), /no line of a trace/)
  })

  it('passes over signals, and threads that end in a call', () => {
    const lines = [
      '1 --- SIGTERM {si_signo=SIGTERM} ---',
      '1 +++ killed by SIGKILL +++',
      '1 fsync(4</d/a> <unfinished ...>',
    ]
    assert.equal(momentsIn(lines.join('\n')).length, 1)
  })
})
