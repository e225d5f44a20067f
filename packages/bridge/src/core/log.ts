/** The slice of a structured logger that decisions are told to: names are `noun.verbed`, ids are fields, never a secret. */
export interface Log {
  debug(fields: object, name: string): void;
  info(fields: object, name: string): void;
  warn(fields: object, name: string): void;
  error(fields: object, name: string): void;
}
