type Present<T> = { [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] } & {
  [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined>
}

/** What a message left out, the floor must not see as there and undefined. */
export function withoutUndefined<T extends object>(message: T): Present<T> {
  // Only keys whose value is undefined went, and those are optional in the result.
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined)) as Present<T>
}
