import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { systemRefusal } from './system-refusal.ts'

describe('what the system refuses', () => {
  it('is told with its place, in words, with what mends it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-refusal-'))
    try {
      const path = join(directory, 'file')
      await writeFile(path, '')
      const said = async (act: Promise<unknown>): Promise<string | undefined> =>
        systemRefusal(
          await act.then(
            () => undefined,
            (error: unknown) => error,
          ),
        )?.replaceAll(directory, '')
      assert.match(
        (await said(mkdir(join(path, 'x')))) ?? '',
        /^\/file\/x: a file is where a directory belongs: .* \(mkdir ENOTDIR\)$/,
      )
      assert.match((await said(mkdir(path))) ?? '', /^\/file: a file of that name is in the way: .* \(mkdir EEXIST\)$/)
      assert.match((await said(readFile(join(directory, 'no')))) ?? '', /^\/no: it is not there: make or mount it/)
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  it('is told for a disk that is full, read-only or not ours', () => {
    for (const [code, mends] of [
      ['EACCES', /chown/],
      ['ENOSPC', /make room/],
      ['EROFS', /mount it writable/],
      ['EPERM', /this user’s own/],
    ] as const) {
      const error = Object.assign(new Error('no'), { code, syscall: 'open', path: '/disk/a' })
      assert.match(systemRefusal(error) ?? '', mends)
      assert.match(systemRefusal(error) ?? '', new RegExp(`^/disk/a: .* \\(open ${code}\\)$`))
    }
  })

  it('leaves bugs as they are', () => {
    assert.equal(systemRefusal(new TypeError('no')), undefined)
    assert.equal(systemRefusal(Object.assign(new Error('no'), { code: 'EBADF' })), undefined)
  })
})
