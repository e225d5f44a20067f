/** What the model needs of a disk for its identities, twins and policies: named values, changed together or not at all. */
export interface Journal {
  /** The values as they were when the journal was opened. Read at start only. */
  readonly entries: ReadonlyMap<string, unknown>;
  /** Records new values (`undefined` removes one); resolves when they are written. Calls take effect in their order. */
  commit(changes: readonly JournalEntry[]): Promise<void>;
  close(): Promise<void>;
}

export type JournalEntry = readonly [key: string, value: unknown];

/** The journal of a hub without a folder: it remembers nothing but what it is given. */
export function createMemoryJournal(entries: readonly JournalEntry[] = []): Journal {
  return { entries: new Map(entries), commit: () => Promise.resolve(), close: () => Promise.resolve() };
}
