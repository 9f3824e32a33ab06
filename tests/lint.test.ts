/** The linter's rules are on: each has lines here that it must refuse, in a tree of their own under our settings. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { after, before, describe, it } from 'node:test'

const root = join(import.meta.dirname, '..')

const refused: readonly [rule: string, text: string][] = [
  ['noFloatingPromises', 'async function act(): Promise<void> {}\nexport function run(): void {\n  act()\n}\n'],
  ['noFloatingPromises', 'export function run(disk: { sync(): Promise<void> }): void {\n  disk.sync()\n}\n'],
  ['noMisusedPromises', 'export function run(): void {\n  ;[1].forEach(async () => {})\n}\n'],
  ['noExplicitAny', 'export function run(each: any): void {\n  run(each)\n}\n'],
  ['noEnum', 'export enum Colour {\n  Red,\n}\n'],
  ['noParameterProperties', 'export class Box {\n  constructor(readonly side: number) {}\n}\n'],
  ['noDefaultExport', 'export default 1\n'],
  ['noReExportAll', "export * from './other.ts'\n"],
  ['noBarrelFile', "export { one } from './one.ts'\nexport { two } from './two.ts'\n"],
  ['useImportType', "import { One } from './one.ts'\nexport function run(one: One): One {\n  return one\n}\n"],
  ['useNodejsImportProtocol', "import { join } from 'path'\nexport const path = join('a', 'b')\n"],
  ['noJsRestrictedProperties', 'export const now = Date.now()\n'],
  ['noJsRestrictedProperties', 'export const chance = Math.random()\n'],
  ['noRestrictedGlobals', 'setTimeout(() => {}, 1)\n'],
  ['noRestrictedGlobals', "export const answer = await fetch('http://example.org')\n"],
  ['noProcessEnv', 'export const home = process.env.HOME\n'],
  ['noConsole', "console.log('here')\n"],
]

const clockAndTimer = 'setTimeout(() => {}, 1)\nexport const now = Date.now()\n'
const usesNode = "import { join } from 'node:path'\nexport const path = join('a', 'b')\n"

const files: Record<string, string> = {
  ...Object.fromEntries(refused.map(([, text], i) => [`packages/server/files/refused-${i}.ts`, text])),
  'packages/server/files/CamelCase.ts': 'export const one = 1\n',
  'packages/server/files/uses-node.ts': usesNode,
  'packages/core/wire/uses-node.ts': usesNode,
  'packages/core/wire/clock.ts': clockAndTimer,
  'packages/server/seams/clock.ts': clockAndTimer,
  'packages/server/files/clock.test.ts': clockAndTimer,
}

describe('the linter', () => {
  const found = new Map<string, string[]>()
  const foundIn = (path: string): string[] => found.get(path) ?? []
  let tree = ''

  before(async () => {
    tree = await realpath(await mkdtemp(join(tmpdir(), 'holdfast-lint-')))
    for (const name of ['biome.json', '.gitignore']) await cp(join(root, name), join(tree, name))
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(tree, name)), { recursive: true })
      await writeFile(join(tree, name), text)
    }
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
    const settings = ['--colors=off', '--reporter=github', '--max-diagnostics=none', '--diagnostic-level=error']
    const { stdout } = spawnSync(process.execPath, [biome, 'lint', ...settings, '.'], { cwd: tree, encoding: 'utf8' })
    for (const [, rule = '', path = ''] of stdout.matchAll(/title=lint\/\w+\/(\w+),file=([^,]+)/g)) {
      const name = relative(tree, path)
      found.set(name, [...foundIn(name), rule])
    }
  })

  after(() => rm(tree, { recursive: true, force: true }))

  for (const [i, [rule, text]] of refused.entries()) {
    it(`refuses ${JSON.stringify(text)} (${rule})`, () => {
      const rules = foundIn(`packages/server/files/refused-${i}.ts`)
      assert.ok(rules.includes(rule), `found: ${rules}`)
    })
  }

  it('refuses names that are not in kebab-case', () => {
    assert.deepEqual(foundIn('packages/server/files/CamelCase.ts'), ['useFilenamingConvention'])
  })

  it('refuses Node.js in core', () => {
    assert.deepEqual(foundIn('packages/core/wire/uses-node.ts'), ['noNodejsModules'])
    assert.deepEqual(foundIn('packages/server/files/uses-node.ts'), [])
  })

  it('lets the seams and tests have clocks and timers', () => {
    assert.equal(foundIn('packages/core/wire/clock.ts').length, 2)
    assert.deepEqual(foundIn('packages/server/seams/clock.ts'), [])
    assert.deepEqual(foundIn('packages/server/files/clock.test.ts'), [])
  })
})
