/**
 * The rules that hold for the whole house, as functions from a tree to sentences about what breaks them. An empty answer
 * is a house in order.
 */
import type { SourceFile, SourceTree } from './source-tree.ts'

/**
 * Floors from the ground up, each with the floors that its files may import besides their own. A floor stands for the
 * folder, or the single file, of that name below `packages/`.
 */
export type Floors = readonly (readonly [floor: string, below: readonly string[]])[]

/** What few may touch. */
export interface Capability {
  readonly what: string
  /** Modules, or `module#name` where only a name counts. */
  readonly modules: readonly string[]
  /** Beginnings of the paths that may. */
  readonly only: readonly string[]
}

/** Whole folders that are never part of the program. */
const OUTSIDE = /^(tests|bench|scripts)\//
/** Tests, and what only they are built from. */
const TEST = /\.(test|test-support)\.tsx?$|(^|\/)test-[^/]*\.ts$|-(contract|fixture)[^/]*\.ts$/
const CONSTANT = /^[A-Z][A-Z0-9_]*$/
const LINES_MAX = 400
const SCRIPTS_MAX = 10

export function isTest(path: string): boolean {
  return TEST.test(path) || path.startsWith('tests/') || path.startsWith('bench/')
}

/** The list itself: a floor stands on floors that come before it, so that no circle can be written down. */
export function unfoundedFloors(floors: Floors): string[] {
  const known = new Set<string>()
  const problems: string[] = []
  for (const [floor, below] of floors) {
    for (const each of below) if (!known.has(each)) problems.push(`${floor} stands on ${each}, which is not below it`)
    known.add(floor)
  }
  return problems
}

/** A test may build what it needs from all that lies further down, too. */
export function upwardImports(tree: SourceTree, floors: Floors): string[] {
  return [...tree.values()].flatMap(({ path, imports }) => {
    if (OUTSIDE.test(path)) return []
    const floor = floorOf(path, floors)
    if (floor === undefined) return [`${path} stands on no floor`]
    const may = new Set([floor, ...(isTest(path) ? allBelow(floor, floors) : directlyBelow(floor, floors))])
    return imports
      .filter(({ from }) => from.startsWith('packages/') || OUTSIDE.test(from))
      .filter(({ from }) => !may.has(floorOf(from, floors) ?? '') && !(isTest(path) && from.startsWith('tests/')))
      .map(({ from }) => `${path} imports ${from}, and ${floor} does not stand on it`)
  })
}

function directlyBelow(floor: string, floors: Floors): readonly string[] {
  return floors.find(([name]) => name === floor)?.[1] ?? []
}

function allBelow(floor: string, floors: Floors): string[] {
  return directlyBelow(floor, floors).flatMap((below) => [below, ...allBelow(below, floors)])
}

function floorOf(path: string, floors: Floors): string | undefined {
  const inside = path.replace(/^packages\//, '').replace(/\.test(-support)?\.ts$/, '.ts')
  if (inside === path.replace(/\.test(-support)?\.ts$/, '.ts')) return undefined
  // What tests one subject of a file says so behind its name: `gateway-sessions.test.ts` stands where `gateway.ts` does.
  const isPart = (floor: string): boolean => isTest(path) && inside.startsWith(`${floor}-`)
  return floors.find(([floor]) => inside.startsWith(`${floor}/`) || inside === `${floor}.ts` || isPart(floor))?.[0]
}

/** What runs must not lean on what only tests it. */
export function testsInProgram(tree: SourceTree): string[] {
  return [...tree.values()]
    .filter(({ path }) => !isTest(path))
    .flatMap(({ path, imports }) =>
      imports.filter(({ from }) => isTest(from)).map(({ from }) => `${path} imports ${from}`),
    )
}

/** Files that need each other to load. Types do not count: they are gone by then. */
export function circles(tree: SourceTree): string[] {
  const done = new Set<string>()
  const way: string[] = []
  const found: string[] = []
  const visit = (path: string): void => {
    const at = way.indexOf(path)
    if (at >= 0) found.push([...way.slice(at), path].join(' → '))
    if (at >= 0 || done.has(path)) return
    way.push(path)
    for (const { from, typeOnly } of tree.get(path)?.imports ?? []) if (!typeOnly && tree.has(from)) visit(from)
    way.pop()
    done.add(path)
  }
  for (const path of tree.keys()) visit(path)
  return found
}

/** A name is imported from the file that defines it. */
export function reExports(tree: SourceTree): string[] {
  return [...tree.values()].flatMap(({ path, code, imports, exports }) => {
    const imported = new Set(imports.flatMap(({ names }) => names))
    const again = exports.filter(({ name, listed }) => listed && imported.has(name))
    return [
      ...[...code.matchAll(/^export\b[^'=(]*\sfrom\s+'([^']+)'/gm)].map(
        ([, from]) => `${path} exports what ${from} defines`,
      ),
      ...again.map(({ name }) => `${path} exports the ${name} that it imports`),
    ]
  })
}

/** Tests count like everything else: one that tests two subjects is as hard to find one's way in. */
export function longFiles(tree: SourceTree, generated: readonly string[]): string[] {
  return [...tree.values()]
    .filter(({ path, lines }) => lines > LINES_MAX && !generated.includes(path))
    .map(({ path, lines }) => `${path} has ${lines} lines; past ${LINES_MAX} ask what two subjects it has`)
}

export interface UnusedExports {
  /** `path#name` of what nothing imports. */
  readonly byAnything: string[]
  /** `path#name` of what only tests import. Constants may be: the test of a limit needs its number. */
  readonly byTheProgram: string[]
}

/** Types that are part of an exported shape count as used where their own file mentions them again. */
export function unusedExports(tree: SourceTree): UnusedExports {
  const users = new Map<string, { program: boolean }>()
  for (const { path, imports } of tree.values()) {
    for (const { from, names } of imports) {
      for (const name of names) {
        const key = `${from}#${name}`
        users.set(key, { program: !isTest(path) || users.get(key)?.program === true })
      }
    }
  }
  const byAnything: string[] = []
  const byTheProgram: string[] = []
  for (const { path, exports, code } of tree.values()) {
    if (/\.test\.tsx?$/.test(path) || path.startsWith('tests/')) continue
    for (const { name, typeOnly } of exports) {
      const user = users.get(`${path}#${name}`) ?? users.get(`${path}#*`)
      if (typeOnly && mentions(code, name) > 1) continue
      if (user === undefined) byAnything.push(`${path}#${name}`)
      else if (!user.program && !typeOnly && !CONSTANT.test(name) && path.startsWith('packages/') && !isTest(path))
        byTheProgram.push(`${path}#${name}`)
    }
  }
  return { byAnything, byTheProgram }
}

function mentions(code: string, name: string): number {
  return [...code.matchAll(new RegExp(`\\b${name}\\b`, 'g'))].length
}

export function misplacedCapabilities(tree: SourceTree, capabilities: readonly Capability[]): string[] {
  const files = [...tree.values()].filter(({ path }) => path.startsWith('packages/') && !isTest(path))
  return files.flatMap((file) =>
    capabilities
      .filter(({ only }) => !only.some((beginning) => file.path.startsWith(beginning)))
      .filter(({ modules }) => modules.some((module) => imports(file, module)))
      .map(({ what }) => `${file.path} reaches for ${what}, which is handed in`),
  )
}

function imports(file: SourceFile, capability: string): boolean {
  const [module, wanted] = capability.split('#')
  return file.imports.some(
    ({ from, names, typeOnly }) =>
      from === module && !typeOnly && (wanted === undefined || names.includes(wanted) || names.includes('*')),
  )
}

/** The ways around what the linter bans by name: the same things by another name. */
export function hiddenClocks(tree: SourceTree, only: readonly string[]): string[] {
  return [...tree.values()]
    .filter(({ path }) => /^packages\/(core|server)\//.test(path) && !isTest(path))
    .filter(
      ({ path, code }) =>
        !only.some((beginning) => path.startsWith(beginning)) && /\bnew Date\(\)|\bglobalThis\b/.test(code),
    )
    .map(({ path }) => `${path} takes the time, or a global, past the linter`)
}

export function tooManyScripts(packageJson: { readonly scripts?: Readonly<Record<string, string>> }): string[] {
  const count = Object.keys(packageJson.scripts ?? {}).length
  return count > SCRIPTS_MAX ? [`package.json has ${count} scripts, ${SCRIPTS_MAX} are enough`] : []
}
