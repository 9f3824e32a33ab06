/**
 * The source files of a tree and what each imports and exports, read from their text. Text is enough: the formatter keeps
 * imports and exports in one shape, and what this misses the compiler and the linter see.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

export interface SourceFile {
  readonly path: string
  readonly lines: number
  /** Without comments. */
  readonly code: string
  readonly imports: readonly Import[]
  readonly exports: readonly Export[]
}

export interface Import {
  /** A path in the tree, or the name of a module from outside. */
  readonly from: string
  /** `*` for everything. */
  readonly names: readonly string[]
  /** True for what is gone when the program runs. */
  readonly typeOnly: boolean
}

export interface Export {
  readonly name: string
  readonly typeOnly: boolean
  /** In braces, apart from its definition. */
  readonly listed: boolean
}

export type SourceTree = ReadonlyMap<string, SourceFile>

const SOURCE = /\.(ts|tsx|js)$/

/** The files in the given folders below `root`. */
export function readTree(root: string, folders: readonly string[]): SourceTree {
  const texts = new Map<string, string>()
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name)
      if (entry.isDirectory() && entry.name !== 'node_modules') walk(path)
      else if (entry.isFile() && SOURCE.test(path)) texts.set(path, readFileSync(join(root, path), 'utf8'))
    }
  }
  for (const folder of folders) walk(folder)
  return treeOf(texts)
}

/** The same from texts, for a tree that is made up. */
export function treeOf(texts: Iterable<readonly [path: string, text: string]>): SourceTree {
  return new Map([...texts].map(([path, text]) => [path, parse(path, text)]))
}

function parse(path: string, text: string): SourceFile {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '')
  return {
    path,
    lines: text.trimEnd().split('\n').length,
    code,
    imports: importsOf(path, code),
    exports: exportsOf(code),
  }
}

function importsOf(path: string, code: string): Import[] {
  const imports: Import[] = []
  const statements = /^(?:import|export)\b(\s+type\b)?([\w\s{},*$]*?)\sfrom\s+'([^']+)'/gm
  for (const [, type, clause = '', from = ''] of code.matchAll(statements)) {
    const names = namesIn(clause)
    const typeOnly = type !== undefined || (names.length > 0 && names.every((name) => name.typeOnly))
    imports.push({ from: resolve(path, from), names: names.map(({ name }) => name), typeOnly })
  }
  // For its effects, on demand, or as the first file of a worker: whatever it exports may be used.
  const whole = /^import\s+'([^']+)'|\bimport\(\s*'([^']+)'|\bnew URL\(\s*'([^']+\.ts)',\s*import\.meta\.url/gm
  for (const [, effect, dynamic, worker] of code.matchAll(whole)) {
    imports.push({ from: resolve(path, effect ?? dynamic ?? worker ?? ''), names: ['*'], typeOnly: false })
  }
  return imports
}

/** The names, as their own file knows them, in `a, type B as C`, in `* as d` or in `e`. */
function namesIn(clause: string): { name: string; typeOnly: boolean }[] {
  if (clause.includes('*')) return [{ name: '*', typeOnly: false }]
  return clause
    .replaceAll(/[{}]/g, ',')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => ({
      name: part.replace(/^type\s+/, '').split(/\s+as\s+/)[0] ?? part,
      typeOnly: part.startsWith('type '),
    }))
}

function exportsOf(code: string): Export[] {
  const declared =
    /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(function\*?|const|let|class|interface|type)\s+(\w+)/gm
  const listed = /^export\s+(type\s+)?\{([^}]*)\}(?!\s*from)/gm
  return [
    ...[...code.matchAll(declared)].map(([, kind = '', name = '']) => ({
      name,
      typeOnly: kind === 'interface' || kind === 'type',
      listed: false,
    })),
    ...[...code.matchAll(listed)].flatMap(([, type, clause = '']) =>
      namesIn(clause).map(({ name, typeOnly }) => ({ name, typeOnly: typeOnly || type !== undefined, listed: true })),
    ),
  ]
}

/** `@holdfast/core/wire/ids.ts` lies in `packages/core/wire/ids.ts`. */
function resolve(path: string, from: string): string {
  if (from.startsWith('.')) return posix.join(posix.dirname(path), from)
  return from.replace(/^@holdfast\//, 'packages/')
}
