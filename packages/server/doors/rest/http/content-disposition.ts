/**
 * How a file's name goes out (RFC 6266): a plain form for old readers, and the exact name after RFC 8187. Neither can leave its
 * quotes or its line, whatever the name holds.
 */
const PLAIN = /^[\w.-]+$/
const NOT_PLAIN = /[^\x20-\x7e]|["\\%]/gu
const NOT_ATTRIBUTE = /['()*]/g

export function attachment(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (PLAIN.test(name)) return `attachment; filename="${name}"`
  if (name === '') return 'attachment'
  const encoded = encodeURIComponent(name).replace(
    NOT_ATTRIBUTE,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${name.replace(NOT_PLAIN, '_')}"; filename*=UTF-8''${encoded}`
}
