/**
 * The same rules written plainly, over a whole form in memory, to compare the reader with. Of headers it knows only what its tests
 * send. A part counts where what is behind it is right too.
 */
export interface PlainPart {
  readonly name: string
  readonly filename: string | undefined
  readonly contents: string
}

export interface PlainForm {
  readonly parts: readonly PlainPart[]
  readonly isWhole: boolean
}

const DISPOSITION = /^form-data; name="([^"\\]*)"(?:; filename="([^"\\]*)")? *$/

/** Letters stand for bytes. */
export function plainForm(text: string, boundary: string): PlainForm {
  const parts: PlainPart[] = []
  const broken = { parts, isWhole: false }
  const half = new RegExp(`(?<!\r)\n--${boundary}`)
  const [preamble = '', ...pieces] = `\r\n${text}`.split(`\r\n--${boundary}`)
  let begun: PlainPart | undefined
  if (half.test(preamble)) return broken
  for (const [index, piece] of pieces.entries()) {
    const isLastPiece = index === pieces.length - 1
    const whole = isLastPiece ? piece : `${piece}\r\n`
    const [lineEnd = ''] = /^.*?(?=\r\n)/s.exec(whole) ?? [whole]
    if (/^--[ \t]*$/.test(lineEnd)) {
      if (!isLastPiece || half.test(piece)) return broken
      return { parts: begun === undefined ? parts : [...parts, begun], isWhole: true }
    }
    if (!/^[ \t]*$/.test(lineEnd) || !whole.includes('\r\n')) return broken
    if (begun !== undefined) parts.push(begun)
    const rest = whole.slice(lineEnd.length + 2)
    const headersEnd = rest.indexOf('\r\n\r\n')
    if (headersEnd === -1) return broken
    const found = dispositionIn(rest.slice(0, headersEnd).split('\r\n'))
    const contents = piece.slice(lineEnd.length + 2 + headersEnd + 4)
    if (found === undefined || half.test(contents)) return broken
    begun = { name: found[1] ?? '', filename: found[2], contents }
  }
  return broken
}

function dispositionIn(lines: readonly string[]): RegExpExecArray | undefined {
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name = '', value = ''] = /^([\w-]+): ([^\r\n]*)$/.exec(line) ?? []
    if (name === '' || headers.has(name)) return undefined
    headers.set(name, value)
  }
  return DISPOSITION.exec(headers.get('Content-Disposition') ?? '') ?? undefined
}
