/**
 * Repr-Digest (RFC 9530): a dictionary of digests, of which we know `sha-256`. Others are allowed beside it and not looked at. The RFC
 * lets a server pass over one that has no other, but who sent it counts on a check: it is refused.
 */
import { HoldfastError } from '@holdfast/core/wire/errors.ts'
import { asSha256, type Sha256 } from '@holdfast/core/wire/ids.ts'

const MEMBER = /^sha-256=:([A-Za-z0-9+/]{43}=):$/

export function reprDigest(sha256: string): string {
  return `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`
}

/** @throws bad_request */
export function digestIn(header: string | undefined): Sha256 | undefined {
  if (header === undefined) return undefined
  const members = header.split(',').map((member) => member.trim())
  // Of a key that comes twice, the last one counts (RFC 9651, 3.2).
  const ours = members.findLast((member) => member.startsWith('sha-256='))
  const encoded = MEMBER.exec(ours ?? '')?.[1]
  if (encoded === undefined) {
    throw new HoldfastError(
      'bad_request',
      'Repr-Digest has sha-256=:…: with the base64 of the 32 bytes; no other algorithm is checked',
    )
  }
  return asSha256(Buffer.from(encoded, 'base64').toString('hex'))
}
