/** The arguments of `holdfastd up`. A misspelt one is refused, never guessed. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

const DATA_DEFAULT = './data'
const PORT_DEFAULT = 8000
const NODES_MAX = 100
/** The doors beside the gateway's listen up to this far above its port. */
const PORT_SPAN = 1000
const PORT_MAX = 65_535 - PORT_SPAN

const LEGAL = {
  data: 'a directory',
  port: `a whole number from 0 to ${PORT_MAX}, and 0 is any free one`,
  nodes: `a whole number from 1 to ${NODES_MAX}`,
  drives: 'a list of directories, such as /disk1,/disk2',
} as const

export const USAGE = `Usage: npm start -- [--data DIR] [--port N] [--nodes N | --drives A,B,C]

  --data DIR      where everything lives, made where it is missing
                  (default ${DATA_DEFAULT})
  --port N        the port on 127.0.0.1 (default ${PORT_DEFAULT}):
                  ${LEGAL.port}
  --nodes N       how many drives, each a directory in DIR/nodes (default 5
                  at the first start, then as many as there are):
                  ${LEGAL.nodes}; more than before adds some
  --drives A,B,C  real directories instead, one per drive, each time all
                  of them; new ones come last
  --help          prints this

Ctrl-C ends it, and so does npm stop -- [--data DIR].
DIR/admin.key is the key for every request.
`

const EXIT_USAGE = 2

export interface UpArguments {
  readonly dataDirectory: string
  /** 0 is any free one. */
  readonly port: number
  /** How many, in `DIR/nodes/`; undefined where as many are meant as there are. */
  readonly nodes: number | undefined
  readonly driveDirectories: readonly string[] | undefined
}

/** Says what is wrong with the arguments. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const TEXTS = ['data', 'port', 'nodes', 'drives'] as const
const LATER = ['processes', 'respawn', 'demo'] as const
const OPTIONS = {
  ...Object.fromEntries(TEXTS.map((name) => [name, { type: 'string' } as const])),
  ...Object.fromEntries(LATER.map((name) => [name, { type: 'boolean' } as const])),
}

type Texts = Readonly<Partial<Record<(typeof TEXTS)[number], string>>>

/** What the program was told to do; asked for help or told wrongly, it says so and ends. */
export function parseArguments(given: readonly string[]): UpArguments {
  if (given.includes('--help') || given.includes('-h')) {
    process.stdout.write(USAGE)
    process.exit(0)
  }
  try {
    return upArguments(given)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\n\n${USAGE}`)
    process.exit(EXIT_USAGE)
  }
}

/** @throws UsageError */
export function upArguments([command, ...given]: readonly string[]): UpArguments {
  if (command !== 'up') throw new UsageError(`the command is up, not ${command ?? 'nothing'}`)
  const { data, port, nodes, drives } = textsIn(given)
  if (data === '') throw new UsageError(`--data is ${LEGAL.data}, and not nothing`)
  if (nodes !== undefined && drives !== undefined)
    throw new UsageError('--nodes and --drives say the same thing: give one of them')
  return {
    dataDirectory: data ?? DATA_DEFAULT,
    port: wholeNumber('port', port, { min: 0, max: PORT_MAX }) ?? PORT_DEFAULT,
    nodes: wholeNumber('nodes', nodes, { min: 1, max: NODES_MAX }),
    driveDirectories: drives === undefined ? undefined : directoriesIn(drives),
  }
}

/** Our own sentences: those of `parseArgs` in its strict mode name neither what is legal nor what is there. */
function textsIn(given: readonly string[]): Texts {
  const { tokens } = parseArgs({ args: [...given], options: OPTIONS, strict: false, tokens: true })
  const texts: Partial<Record<string, string>> = {}
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') throw new UsageError(`${token.value} belongs to no argument`)
    const { name, rawName, value } = token
    if (LATER.some((later) => later === name)) throw new UsageError(`${rawName} comes with a later version`)
    const text = TEXTS.find((each) => each === name)
    if (text === undefined) throw new UsageError(`${rawName} is no argument`)
    if (texts[text] !== undefined) throw new UsageError(`--${text} is given twice`)
    // What looks like the next argument is one: `--data --port 1` names no directory.
    if (value === undefined || (!token.inlineValue && value.startsWith('--')))
      throw new UsageError(`--${text} is ${LEGAL[text]}, and not nothing`)
    texts[text] = value
  }
  return texts
}

function directoriesIn(drives: string): readonly string[] {
  const directories = drives.split(',')
  if (directories.includes('')) throw new UsageError(`--drives is ${LEGAL.drives}, and not ${drives || 'nothing'}`)
  if (new Set(directories.map((directory) => resolve(directory))).size !== directories.length)
    throw new UsageError('--drives names a directory twice')
  if (directories.length > NODES_MAX) throw new UsageError(`--drives names at most ${NODES_MAX} directories`)
  return directories
}

function wholeNumber(
  name: 'port' | 'nodes',
  text: string | undefined,
  { min, max }: { min: number; max: number },
): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(number >= min && number <= max)) throw new UsageError(`--${name} is ${LEGAL[name]}; not ${text || 'nothing'}`)
  return number
}
