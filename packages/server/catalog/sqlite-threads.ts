/** What the catalog's main thread and its worker threads say to each other. */
import { type ErrorCode, type ErrorDetails, HoldfastError } from '@holdfast/core/wire/errors.ts'
import type { Outcome } from './sqlite-group.ts'
import type { Transaction } from './transaction.ts'

/** `writer` commits groups, `scanner` answers longer reads, `checkpointer` moves pages out of the write-ahead log. */
export type Role = 'writer' | 'scanner' | 'checkpointer'

export interface ThreadData {
  readonly role: Role
  /** The database's file. */
  readonly path: string
  /** The module that exports `transactions`. */
  readonly transactions: string
  /** One `Int32` with the state of the checkpoint; see `sqlite-checkpoint.ts`. */
  readonly checkpoint: SharedArrayBuffer
}

/** Requests of a batch are answered in their order, by batches that may be cut elsewhere. */
export type ToThread = { readonly requests: readonly Request[] } | 'stop'
export type FromThread = 'ready' | { readonly refused: Thrown } | { readonly answers: readonly Answer[] }

export type Request = readonly [name: string, args: unknown]
export type Answer = { readonly value: unknown } | { readonly thrown: Thrown }

/** The module that `ThreadData.transactions` names. */
export interface TransactionsModule {
  // Arguments were checked where the transaction and its arguments were written side by side: `Catalog.write`.
  readonly transactions: Readonly<Record<string, Transaction<never, unknown>>>
}

/** A structured clone keeps an Error's message and stack, but neither class nor code. */
type Thrown =
  | { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails }
  | { readonly bug: unknown }

export function packThrown(error: unknown): Thrown {
  if (!(error instanceof HoldfastError)) return { bug: error }
  return { code: error.code, message: error.message, details: error.details }
}

export function unpackThrown(thrown: Thrown): unknown {
  if ('bug' in thrown) return thrown.bug
  return new HoldfastError(thrown.code, thrown.message, { details: thrown.details })
}

export function packOutcome(outcome: Outcome): Answer {
  return 'thrown' in outcome ? { thrown: packThrown(outcome.thrown) } : outcome
}
