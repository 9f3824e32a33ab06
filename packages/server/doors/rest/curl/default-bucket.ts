/** The few paths at the root for a first try by hand work on this bucket, which is there from the start. */
export const DEFAULT_BUCKET = 'default'
