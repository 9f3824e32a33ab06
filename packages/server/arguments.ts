/** The arguments of `holdfastd up`. A misspelt one is refused, never guessed. */
import { parseArgs } from 'node:util'

export const USAGE = `Usage: npm start -- [--data DIR] [--port N] [--nodes N | --drives A,B,C]

  --data DIR        where everything lives (default ./data)
  --port N          the port of the gateway (default 8000)
  --nodes N         number of drives, under DIR/nodes (default 5)
  --drives A,B,C    real directories instead, one per drive
`

const EXIT_USAGE = 2
const DATA_DEFAULT = './data'
const PORT_DEFAULT = 8000
const NODES_DEFAULT = 5
const NODES_MAX = 100
/** The doors beside the gateway's listen up to this far above its port. */
const PORT_SPAN = 1000
const PORT_MAX = 65_535 - PORT_SPAN

export interface UpArguments {
  readonly dataDirectory: string
  /** 0 is any free one. */
  readonly port: number
  /** How many; in `DIR/nodes/` where no directories are named. */
  readonly drives: number
  readonly driveDirectories: readonly string[] | undefined
}

/** Says what is wrong with the arguments. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const OPTIONS = {
  data: { type: 'string' },
  port: { type: 'string' },
  nodes: { type: 'string' },
  drives: { type: 'string' },
  processes: { type: 'boolean' },
  respawn: { type: 'boolean' },
  demo: { type: 'boolean' },
} as const

/** What the program was told to do; told wrongly, it says so and ends. */
export function parseArguments(given: readonly string[]): UpArguments {
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
  const values = parse(given)
  for (const later of ['processes', 'respawn', 'demo'] as const) {
    if (values[later] !== undefined) throw new UsageError(`--${later} comes with a later version`)
  }
  const dataDirectory = values.data ?? DATA_DEFAULT
  if (dataDirectory === '') throw new UsageError('--data names a directory')
  return {
    dataDirectory,
    port: wholeNumber('--port', values.port, { min: 0, max: PORT_MAX }) ?? PORT_DEFAULT,
    ...drivesOf(values),
  }
}

function parse(given: readonly string[]) {
  try {
    const { values, tokens } = parseArgs({ args: [...given], options: OPTIONS, strict: true, tokens: true })
    const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []))
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice !== undefined) throw new UsageError(`--${twice} is given twice`)
    return values
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof TypeError)) throw error
    throw new UsageError(error.message, { cause: error })
  }
}

function drivesOf({
  nodes,
  drives,
}: {
  nodes?: string | undefined
  drives?: string | undefined
}): Pick<UpArguments, 'drives' | 'driveDirectories'> {
  const count = wholeNumber('--nodes', nodes, { min: 1, max: NODES_MAX })
  if (drives === undefined) return { drives: count ?? NODES_DEFAULT, driveDirectories: undefined }
  if (count !== undefined) throw new UsageError('--nodes and --drives say the same thing: give one of them')
  const directories = drives.split(',')
  if (directories.includes('')) throw new UsageError('--drives is a list of directories, such as /disk1,/disk2')
  if (new Set(directories).size !== directories.length) throw new UsageError('--drives names a directory twice')
  if (directories.length > NODES_MAX) throw new UsageError(`--drives names at most ${NODES_MAX} directories`)
  return { drives: directories.length, driveDirectories: directories }
}

function wholeNumber(
  name: string,
  text: string | undefined,
  { min, max }: { min: number; max: number },
): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(number >= min && number <= max))
    throw new UsageError(`${name} is a whole number from ${min} to ${max}, not ${text}`)
  return number
}
