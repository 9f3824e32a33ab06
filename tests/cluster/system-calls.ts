/**
 * What `strace -f -y` wrote, read back: the moments at which a system call began and at which it ended, in their order. Threads work
 * at the same time, so that one may begin before another has ended.
 *
 *     812 fsync(4</a> <unfinished ...>          begins
 *     813 close(5</b>)                    = 0   begins, ends
 *     812 <... fsync resumed>)            = 0   ends
 */

export interface Call {
  readonly name: string
  /** As it was printed, without the parentheses. */
  readonly given: string
  /** -1 where it failed, and also where its process ended in it. */
  readonly result: number
}

export interface Moment {
  readonly is: 'begin' | 'end'
  /** The same object at both of its moments. */
  readonly call: Call
}

const WHOLE = /^(\d+) +(\w+)\((.*)\) += (\?|-?\d+)/
const BEGIN = /^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$/
const END = /^(\d+) +<\.\.\. \w+ resumed>.*\) += (\?|-?\d+)/
/** Signals, and the ends of threads, also in the middle of a call. */
const NO_CALL =
  /^\d+ +(---|\+\+\+)|^\d+ +\?+\( <unfinished \.\.\.>$|^\d+ +<\.\.\. \w+ resumed> <unfinished \.\.\.>\) += \?$/

export function momentsIn(trace: string): Moment[] {
  const moments: Moment[] = []
  const underWay = new Map<string, { name: string; given: string; result: number }>()
  for (const line of trace.split('\n')) {
    if (line === '' || NO_CALL.test(line)) continue
    const [, , name, given, result] = WHOLE.exec(line) ?? []
    if (name !== undefined && given !== undefined) {
      const call = { name, given, result: resultOf(result) }
      moments.push({ is: 'begin', call }, { is: 'end', call })
      continue
    }
    const [, thread, begun, args] = BEGIN.exec(line) ?? []
    if (thread !== undefined && begun !== undefined && args !== undefined) {
      const call = { name: begun, given: args, result: -1 }
      underWay.set(thread, call)
      moments.push({ is: 'begin', call })
      continue
    }
    const [, ending, ended] = END.exec(line) ?? []
    const call = ending === undefined ? undefined : underWay.get(ending)
    // A line that is passed over could be the one sync that everything depends on, or lacks.
    if (ending === undefined || call === undefined) throw new Error(`no line of a trace: ${line}`)
    underWay.delete(ending)
    call.result = resultOf(ended)
    moments.push({ is: 'end', call })
  }
  return moments
}

function resultOf(text: string | undefined): number {
  return text === undefined || text === '?' ? -1 : Number(text)
}
