/** What the README says of bounds is what the program keeps to. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { completePolicy, policyRequestSchema } from '@holdfast/core/wire/policy.ts'
import { FORM_FIELDS_MAX, FORM_FILES_MAX } from '@holdfast/server/doors/rest/limits.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8').replaceAll(/\s+/g, ' ')

describe('the README', () => {
  it('names how much of a history is kept', () => {
    const { versionsKept } = completePolicy({}, { dataShards: 3, parityShards: 2 })
    const most = 10_000
    assert.ok(policyRequestSchema.safeParse({ versionsKept: most }).success)
    assert.ok(!policyRequestSchema.safeParse({ versionsKept: most + 1 }).success)
    const bounds = `the newest ${versionsKept} versions of a file (\`versionsKept\` of its bucket, 1 to ${most.toLocaleString('en')})`
    assert.ok(readme.includes(bounds), bounds)
  })

  it('names how much a form holds, and what to do with more', () => {
    const bounds = `forms with up to ${FORM_FILES_MAX} files and ${FORM_FIELDS_MAX} fields each (send several for more)`
    assert.ok(readme.includes(bounds), bounds)
  })

  it('says which key to copy first, and what the other one does not open yet', () => {
    assert.match(readme, /`master\.key` first/)
    assert.match(readme, /`recovery\.key` [^.]*no command does that yet/)
  })
})
