/**
 * Whether compressing a chunk is worth the attempt, guessed from its type and from a sample of its bytes. Media and archives
 * are compressed already; of the rest, bytes that are spread evenly over all 256 values will not shrink.
 */

/** Types whose bytes are compressed already. */
const COMPRESSED_TYPE =
  /^(audio|video|image)\/(?!svg|bmp|x-ms-bmp|wav|x-wav|tiff)|zip|gzip|zstd|x-7z|x-rar|x-xz|bzip|brotli|officedocument|opendocument|java-archive|font\/woff/

const SAMPLE_BYTES = 4096
const RUNS = 16
/** Of 8 bits a byte; random bytes of a sample this size show about 7.95. */
const ENTROPY_BITS_MAX = 7.5

/** c · log2(c), for each count that a sample can have. */
const WEIGHTED = Float64Array.from({ length: SAMPLE_BYTES + 1 }, (_, count) =>
  count === 0 ? 0 : count * Math.log2(count),
)

export function isCompressedType(contentType: string): boolean {
  return COMPRESSED_TYPE.test(contentType)
}

/** Shannon entropy of a sample: sixteen runs spread over the bytes. */
export function looksCompressible(bytes: Uint8Array): boolean {
  if (bytes.length < 128) return false
  const counts = new Uint32Array(256)
  const sampled = Math.min(bytes.length, SAMPLE_BYTES)
  const runBytes = Math.floor(sampled / RUNS)
  const stride = Math.floor(bytes.length / RUNS)
  for (let run = 0; run < RUNS; run++) {
    const from = run * stride
    for (let i = from; i < from + runBytes; i++) {
      const byte = bytes[i] ?? 0
      counts[byte] = (counts[byte] ?? 0) + 1
    }
  }
  const total = runBytes * RUNS
  let weighted = 0
  for (const count of counts) weighted += WEIGHTED[count] ?? 0
  const bits = Math.log2(total) - weighted / total
  // A short sample of random bytes cannot show all values, so the bar is what such a sample could reach.
  return bits < Math.min(ENTROPY_BITS_MAX, Math.log2(total) - 0.5)
}
