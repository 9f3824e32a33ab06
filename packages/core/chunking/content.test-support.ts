/** Contents of several kinds, each the same every time. */
import { createCipheriv } from 'node:crypto'

export function randomContent(lengthBytes: number, seed = 1): Uint8Array {
  const cipher = createCipheriv('chacha20', new Uint8Array(32).fill(seed), new Uint8Array(16))
  return new Uint8Array(cipher.update(new Uint8Array(lengthBytes)))
}

const vocabulary =
  'drive node shard stripe the of and to keeps file bytes when repair zone a is that bucket lost again'.split(' ')

/** Lines of words, chosen at random and numbered, like a log. */
export function textContent(lengthBytes: number, seed = 1): Uint8Array {
  const choices = randomContent(lengthBytes, seed)
  const words: string[] = []
  let length = 0
  for (let at = 0; length < lengthBytes; at++) {
    const word = at % 12 === 0 ? `\n${at}: ` : `${vocabulary[(choices[at] ?? 0) % vocabulary.length] ?? ''} `
    words.push(word)
    length += word.length
  }
  return new TextEncoder().encode(words.join('')).subarray(0, lengthBytes)
}

/** Records of small little-endian numbers: most bytes are zero. */
export function sparseContent(lengthBytes: number, seed = 1): Uint8Array {
  return randomContent(lengthBytes, seed).map((byte, at) => (at % 8 === 0 ? byte : at % 8 === 1 ? byte & 3 : 0))
}

/** Two byte values only. */
export function binaryContent(lengthBytes: number, seed = 1): Uint8Array {
  return randomContent(lengthBytes, seed).map((byte) => (byte & 1) * 255)
}
