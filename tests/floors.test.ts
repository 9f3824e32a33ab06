/** The house in order: who may stand on whom, and what nobody may do. `floors/rules.ts` says what each rule means. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  type Capability,
  circles,
  type Floors,
  hiddenClocks,
  longFiles,
  misplacedCapabilities,
  reExports,
  testsInProgram,
  tooManyScripts,
  unfoundedFloors,
  unusedExports,
  upwardImports,
} from './floors/rules.ts'
import { readTree, treeOf } from './floors/source-tree.ts'

const core = {
  wire: 'core/wire',
  kernel: 'core/kernel',
  chunking: 'core/chunking',
  erasure: 'core/erasure',
  clocks: 'core/clocks',
  placement: 'core/placement',
  sealing: 'core/sealing',
  merging: 'core/merging',
}

const serverFloors = ['seams', 'storage', 'compute', 'catalog', 'cluster', 'files', 'access', 'doors'].map(
  (floor) => `server/${floor}`,
)

const floors: Floors = [
  ['core/wire', []],
  ['core/kernel', [core.wire]],
  ['core/chunking', [core.wire, core.kernel]],
  ['core/erasure', [core.wire, core.kernel]],
  ['core/clocks', [core.wire]],
  ['core/placement', [core.wire]],
  ['core/sealing', [core.wire]],
  ['core/merging', [core.wire]],

  ['server/seams', [core.wire]],
  ['server/storage', [core.wire, 'server/seams']],
  [
    'server/compute',
    [core.wire, core.kernel, core.chunking, core.erasure, core.sealing, 'server/seams', 'server/storage'],
  ],
  ['server/catalog', [core.wire, core.clocks, 'server/seams']],
  [
    'server/cluster',
    [core.wire, core.placement, core.sealing, 'server/seams', 'server/storage', 'server/compute', 'server/catalog'],
  ],
  [
    'server/files',
    [
      ...Object.values(core).filter((floor) => floor !== core.kernel),
      'server/seams',
      'server/compute',
      'server/catalog',
      'server/cluster',
    ],
  ],
  ['server/access', [core.wire, 'server/seams', 'server/catalog']],
  ['server/doors', [core.wire, 'server/seams', 'server/cluster', 'server/files', 'server/access']],
  ['server/arguments', [core.wire]],
  ['server/drive-names', [core.wire, 'server/seams', 'server/storage', 'server/catalog']],
  ['server/drives', [core.wire, 'server/seams', 'server/storage', 'server/catalog', 'server/cluster']],
  ['server/ending', [core.wire, 'server/seams']],
  ['server/places', [core.wire, 'server/seams']],
  ['server/open-cluster', [core.wire, 'server/seams', 'server/catalog', 'server/files']],
  ['server/gateway', [core.wire, ...serverFloors.filter((floor) => floor !== 'server/doors')]],
  [
    'server/main',
    [
      ...Object.values(core),
      ...serverFloors,
      'server/arguments',
      'server/drive-names',
      'server/drives',
      'server/ending',
      'server/gateway',
      'server/open-cluster',
      'server/places',
    ],
  ],

  ['client/sdk', Object.values(core)],
  ['client/sync', [...Object.values(core), 'client/sdk']],
  ['client/cli', [core.wire, 'client/sdk', 'client/sync']],
  ['dashboard', [core.wire, core.merging, 'client/sdk']],
]

const seams = ['packages/server/seams/', 'packages/server/main.ts']
const client = ['packages/client/', 'packages/dashboard/']

const capabilities: readonly Capability[] = [
  { what: 'the file system', modules: ['node:fs', 'node:fs/promises'], only: [...seams, ...client] },
  {
    what: 'the network',
    modules: [
      'node:net',
      'node:tls',
      'node:http',
      'node:https',
      'node:http2',
      'node:dgram',
      'node:dns',
      'undici',
      'ws',
    ],
    // A door is where the network comes in.
    only: [...seams, ...client, 'packages/server/doors/'],
  },
  {
    what: 'timers and clocks',
    modules: ['node:timers', 'node:timers/promises', 'node:perf_hooks'],
    only: [...seams, ...client],
  },
  {
    what: 'threads and processes',
    modules: ['node:worker_threads', 'node:child_process', 'node:cluster'],
    // The worker pool and the catalog's driver are seams themselves.
    only: [...seams, ...client, 'packages/server/compute/', 'packages/server/catalog/sqlite-'],
  },
  {
    what: 'a database engine',
    modules: ['node:sqlite', 'pg'],
    only: [
      ...seams,
      'packages/server/catalog/sqlite-',
      'packages/server/catalog/postgres-',
      'packages/server/storage/sqlite-index',
    ],
  },
  {
    what: 'randomness',
    modules: ['randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID', 'webcrypto'].map(
      (name) => `node:crypto#${name}`,
    ),
    only: [...seams, ...client],
  },
]

const generated = ['packages/core/kernel/kernel-bytes.ts']

/** Exports that only tests import, each with the reason why it is there all the same. */
const onlyForTests: Readonly<Record<string, string>> = {
  'packages/core/chunking/gear-table.ts#deriveGearTable': 'a sealed bucket has a gear table of its own',
  'packages/core/chunking/plain-scan.ts#plainScan': 'the twin that must cut as the kernel does',
  'packages/core/clocks/vector-clock.ts#compare': 'sync asks it whether two versions are in conflict',
  'packages/core/clocks/vector-clock.ts#merge': 'the version that settles a conflict carries the merged clock',
  'packages/core/chunking/chunk-sizes.ts#areChunkSizes': 'what a client asks for is checked with it',
  'packages/core/chunking/chunk-sizes.ts#defaultChunkSizes': 'clients cut by it',
  'packages/core/chunking/cut-content.ts#gearMask': 'its masks are pinned',
  'packages/core/erasure/matrix.ts#invertMatrix': 'every square part of the matrix is shown to have an inverse',
  'packages/core/erasure/slow-codec.ts#encodeSlowly': 'the second implementation to compare with',
  'packages/core/erasure/slow-codec.ts#decodeSlowly': 'the second implementation to compare with',
  'packages/core/sealing/stripe-layout.ts#parseTable': 'recovery and repack read places without a catalog',
  'packages/core/wire/events.ts#eventSchema': 'the event door answers by it',
  'packages/server/arguments.ts#UsageError': 'the program ends where it is thrown',
  'packages/server/arguments.ts#upArguments': 'the program ends where it fails',
  'packages/server/catalog/postgres-catalog.ts#PostgresCatalog': 'several gateways need it; a setting will choose it',
  'packages/server/catalog/transactions.ts#transactions': 'the threads load it by its address',
  'packages/server/compute/inline-compute.ts#InlineCompute': 'the simulator computes inline',
  'packages/server/doors/rest/http/url.ts#decodeText': 'its refusals are shown one by one',
  'packages/server/storage/counted-store.ts#CountedStore': 'a wrapper under the contract; routing counts with it',
  'packages/server/storage/faulty-store.ts#FaultyStore': 'a wrapper under the contract, for tests of what stands on it',
  'packages/server/storage/memory-store.ts#MemoryStore': 'the twin of the store on a disk',
  'packages/server/storage/throttled-store.ts#ThrottledStore':
    'a wrapper under the contract; repair will be slowed by it',
}

const root = join(import.meta.dirname, '..')
const everything = readTree(root, ['packages', 'scripts', 'tests'])
// The kernel's own source is AssemblyScript, which another compiler and other rules look after.
const house = new Map([...everything].filter(([path]) => !path.startsWith('packages/core/kernel/assembly/')))

describe('the house', () => {
  it('stands on floors that stand on lower ones', () => none(unfoundedFloors(floors)))
  it('has no import that goes upward', () => none(upwardImports(house, floors)))
  it('has no file that needs itself to load', () => none(circles(house)))
  it('has no program that leans on tests', () => none(testsInProgram(house)))
  it('has no re-exports', () => none(reExports(house)))
  it('has no overlong file', () => none(longFiles(new Map([...everything, ...readTree(root, ['bench'])]), generated)))
  it('has no export that nothing imports', () => none(unusedExports(house).byAnything))
  it('reaches for the world outside only in the seams', () => {
    none([...misplacedCapabilities(house, capabilities), ...hiddenClocks(house, seams)])
  })
  it('has no export that only tests import, unless it is said why', () => {
    const found = unusedExports(house).byTheProgram
    none(found.filter((each) => onlyForTests[each] === undefined))
    none(
      Object.keys(onlyForTests).filter((each) => !found.includes(each)),
      'a reason that is not needed any more',
    )
  })
  it('has ten scripts at most', () =>
    none(tooManyScripts(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))))
})

describe('the rules of the house', () => {
  const lower = 'packages/core/wire/lower.ts'
  const upper = 'packages/core/kernel/upper.ts'
  const sources = (texts: Record<string, string>) => treeOf(Object.entries(texts))

  it('find nothing in a house in order', () => {
    const tree = sources({
      [lower]:
        'export const one = 1\nexport interface Shape { readonly side: number }\nexport function area(of: Shape): number {}\n',
      [upper]: "import { area, one } from '../wire/lower.ts'\nexport const two = area({ side: one })\n",
      'packages/core/chunking/top.ts': "import { two } from '../kernel/upper.ts'\nconsole.log(two)\n",
    })
    assert.deepEqual(upwardImports(tree, floors), [])
    assert.deepEqual(circles(tree), [])
    assert.deepEqual(reExports(tree), [])
    assert.deepEqual(unusedExports(tree), { byAnything: [], byTheProgram: [] })
    assert.deepEqual(misplacedCapabilities(tree, capabilities), [])
  })

  it('find a floor that stands on one above', () => {
    assert.equal(
      unfoundedFloors([
        ['a', ['b']],
        ['b', []],
      ]).length,
      1,
    )
  })

  it('find an import that goes upward, sideways, or out of the packages, in every spelling', () => {
    for (const text of [
      "import { two } from '../kernel/upper.ts'",
      "import type { Two } from '../kernel/upper.ts'",
      "import {\n  one,\n  two,\n} from '@holdfast/core/kernel/upper.ts'",
      "import * as upper from '../kernel/upper.ts'",
      "import '../kernel/upper.ts'",
      "const upper = await import('../kernel/upper.ts')",
      "new Worker(new URL('../kernel/upper.ts', import.meta.url))",
      "import { fake } from '../../../tests/fake.ts'",
      "import { open } from '@holdfast/server/catalog/catalog.ts'",
    ]) {
      assert.equal(upwardImports(sources({ [lower]: text }), floors).length, 1, text)
    }
    const sideways = sources({ 'packages/server/storage/a.ts': "import { x } from '../catalog/catalog.ts'" })
    assert.equal(upwardImports(sideways, floors).length, 1)
    assert.equal(upwardImports(sources({ 'packages/core/attic/a.ts': '' }), floors).length, 1)
  })

  it('let a test reach further down than its file, but not up', () => {
    const test = 'packages/server/files/a.test.ts'
    assert.deepEqual(upwardImports(sources({ [test]: "import { x } from '../storage/memory.ts'" }), floors), [])
    assert.equal(upwardImports(sources({ [test]: "import { x } from '../doors/rest.ts'" }), floors).length, 1)
  })

  it('know the floor of a test that is named after one subject of a file, and of no program', () => {
    const down = "import { x } from './catalog/rows.ts'"
    assert.deepEqual(upwardImports(sources({ 'packages/server/gateway-sessions.test.ts': down }), floors), [])
    const up = "import { x } from './doors/rest.ts'"
    assert.equal(upwardImports(sources({ 'packages/server/gateway-sessions.test.ts': up }), floors).length, 1)
    assert.equal(upwardImports(sources({ 'packages/server/gateway-sessions.ts': down }), floors).length, 1)
  })

  it('find a circle, but not one of types alone', () => {
    const circle = (keyword: string) =>
      circles(
        sources({
          'packages/core/wire/a.ts': "import { b } from './b.ts'",
          'packages/core/wire/b.ts': "import { c } from './c.ts'",
          'packages/core/wire/c.ts': `${keyword} { a } from './a.ts'`,
        }),
      )
    assert.equal(circle('import').length, 1)
    assert.equal(circle('import type').length, 0)
  })

  it('find a program that leans on a test', () => {
    assert.equal(testsInProgram(sources({ [upper]: "import { x } from './x.test-support.ts'" })).length, 1)
  })

  it('find a re-export in every spelling', () => {
    for (const text of [
      "export * from './a.ts'",
      "export * as a from './a.ts'",
      "export { a } from './a.ts'",
      "export {\n  a,\n  b,\n} from './a.ts'",
      "export type { A } from './a.ts'",
      "import { a } from './a.ts'\nexport { a }",
    ]) {
      assert.equal(reExports(sources({ [upper]: text })).length, 1, text)
    }
  })

  it('find a file that is too long, be it a test or a bench, unless it is generated', () => {
    const atMost = `${'\n'.repeat(399)}end`
    for (const path of [upper, 'packages/core/kernel/upper.test.ts', 'packages/a.test-support.ts', 'bench/upper.ts']) {
      assert.equal(longFiles(sources({ [path]: atMost }), []).length, 0, path)
      assert.equal(longFiles(sources({ [path]: `\n${atMost}` }), []).length, 1, path)
    }
    assert.equal(longFiles(sources({ [upper]: `\n${atMost}` }), [upper]).length, 0)
  })

  it('find an export that nothing, or only a test, imports', () => {
    const used =
      'export const one = 1\nexport function two() {}\nexport interface Three {}\nexport { four }\nexport const five = one\n'
    const tree = sources({
      [lower]: used,
      [upper]: "import { one } from '../wire/lower.ts'",
      'packages/core/wire/lower.test.ts':
        "import { two as second } from './lower.ts'\nimport { one } from './lower.ts'",
    })
    assert.deepEqual(unusedExports(tree), {
      byAnything: [`${lower}#five`, `${lower}#Three`, `${lower}#four`].sort(),
      byTheProgram: [`${lower}#two`],
    })
  })

  it('find what reaches for the world outside', () => {
    const reaching = (path: string, text: string) =>
      misplacedCapabilities(sources({ [path]: text }), capabilities).length
    assert.equal(reaching('packages/server/files/a.ts', "import { readFile } from 'node:fs/promises'"), 1)
    assert.equal(reaching('packages/server/seams/a.ts', "import { readFile } from 'node:fs/promises'"), 0)
    assert.equal(reaching('packages/server/files/a.test.ts', "import { readFile } from 'node:fs/promises'"), 0)
    assert.equal(reaching('packages/server/files/a.ts', "import { createHash } from 'node:crypto'"), 0)
    assert.equal(reaching('packages/server/files/a.ts', "import { createHash, randomBytes } from 'node:crypto'"), 1)
    assert.equal(reaching('packages/server/files/a.ts', "import * as crypto from 'node:crypto'"), 1)
    assert.equal(hiddenClocks(sources({ [upper]: 'const now = new Date()' }), seams).length, 1)
    assert.equal(hiddenClocks(sources({ [upper]: 'const then = new Date(0) // not new Date()' }), seams).length, 1)
    assert.equal(
      hiddenClocks(sources({ [upper]: '/** Never `new Date()`. */\nconst then = new Date(0)' }), seams).length,
      0,
    )
  })

  it('find a script too many', () => {
    const scripts = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`s${i}`, '']))
    assert.equal(tooManyScripts({ scripts }).length, 1)
    assert.equal(tooManyScripts({}).length, 0)
  })
})

function none(problems: readonly string[], what = 'found'): void {
  assert.ok(problems.length === 0, [`${what}:`, ...problems].join('\n'))
}
