/**
 * Every maximum of this door, in one place. Whoever exceeds one hears a problem that names it. What messages may hold (items in a
 * page, lengths of texts) stands with their schemas in `core/wire/rest/`; what a path and a bucket's name may be and how long a file,
 * with the rules of `files/`.
 */
const KiB = 1024
const MiB = 1024 * KiB

export const JSON_BODY_BYTES_MAX = 64 * KiB

/** Request line and headers together; beyond it 431. */
export const HEADER_BYTES_MAX = 16 * KiB
export const HEADERS_MAX = 100
export const QUERY_PARAMETERS_MAX = 32
export const ENTITY_TAGS_MAX = 100
export const IDEMPOTENCY_KEY_CHARACTERS_MAX = 255
export const CONTENT_TYPE_CHARACTERS_MAX = 255

/** Bodies that are being received at once; beyond it 503. */
export const BODIES_IN_FLIGHT_MAX = 512

export const FORM_FILES_MAX = 100
export const FORM_FIELDS_MAX = 200
export const FORM_FIELD_BYTES_MAX = 4 * KiB
/** Before the first boundary of a form, and behind its last. */
export const FORM_MARGIN_BYTES_MAX = 8 * KiB
export const FORM_PART_HEADER_BYTES_MAX = 8 * KiB
export const FORM_PART_HEADERS_MAX = 16

/**
 * A body is slow when it brought fewer bytes than this in a window of waiting for it. The time in which we do not read does not
 * count, so a slow disk of ours never makes a client slow; the first window is the grace.
 */
export const BODY_BYTES_PER_SECOND_MIN = 1 * KiB
/** The same while others wait for the room that bodies take up: a small one comes within a window. */
export const CROWDED_BYTES_PER_SECOND_MIN = 32 * KiB
export const BODY_WINDOW_MS = 30_000
/** How often bodies are looked at. */
export const BODY_TICK_MS = 1000

/** Headers must be here in this time; the check runs every `HEADERS_CHECK_MS`. */
export const HEADERS_TIMEOUT_MS = 15_000
export const HEADERS_CHECK_MS = 2_000
export const KEEP_ALIVE_TIMEOUT_MS = 30_000
/** A connection on which nothing moves in either direction, not even the rest of an answer, ends. */
export const CONNECTION_IDLE_MS_MAX = 300_000

export const CONNECTIONS_MAX = 2048
/** Connections above the maximum that still hear why they are refused. */
export const CONNECTIONS_REFUSED_MAX = 256

/** What is still read and thrown away of a body that was refused, so that its sender gets to read the answer. */
export const DISCARDED_BYTES_MAX = 8 * MiB
export const DISCARDING_MS_MAX = 5_000

/** From here on a message is compressed for who takes it so: below, one packet holds it anyway. */
export const COMPRESSED_BYTES_MIN = 1 * KiB

/** What a client is told to wait before it asks again. */
export const RETRY_AFTER_SECONDS = 2
/** Requests may finish in this time when the server closes; the rest of half a minute is for what stands below it. */
export const CLOSING_MS_MAX = 15_000
