/** A consistent copy of the database, made while all goes on. What is sealed in it stays sealed. */
export interface Backup {
  /** One file, whole by itself. */
  readonly file: string;
  readonly bytes: number;
  /** Removes the copy. */
  remove(): Promise<void>;
}
