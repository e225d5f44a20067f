/** Sends the lines of a file piece by piece and says of each line what became of it. */
import { ApiFailure } from "../client/failure.ts";
import type { ImportFile, ImportLine } from "./import-lines.ts";

export type LineOutcome = "imported" | "there" | "name_taken" | "elsewhere" | "invalid" | "repeated";

export interface LineResult {
  readonly line: number;
  readonly id: string;
  readonly outcome: LineOutcome;
  readonly message: string;
}

/** What the API answers to a piece. */
export interface ImportAnswer {
  readonly updatedDeviceIds: readonly string[];
  readonly nonmemberDeviceIds: readonly string[];
  readonly invalidDeviceIds: readonly string[];
  readonly nameTakenDeviceIds?: readonly string[];
}

export interface ImportRun {
  readonly file: ImportFile;
  /** Lines that have their result already: an import that was interrupted goes on after them. */
  readonly done: ReadonlySet<number>;
  readonly send: (text: string) => Promise<ImportAnswer>;
  readonly onResults: (results: readonly LineResult[]) => void;
  readonly signal: AbortSignal;
}

/** Lines of one request: a progress bar moves, and the server does other things in between. */
const PIECE = 250;

const OUTCOMES: Readonly<Record<LineOutcome, string>> = {
  imported: "Imported and approved",
  there: "Was in the product already; what the line says was written",
  name_taken: "In the product under its old name: another device of its owner has that name",
  elsewhere: "Not yours: it is in another product, or another account has claimed it",
  invalid: "Invalid",
  repeated: "The same id stands in an earlier line",
};

/** Resolves when all lines have their result or the signal aborts; rejects when the server does not take a piece. */
export async function runImport({ file, done, send, onResults, signal }: ImportRun): Promise<void> {
  const { known, toSend } = sorted(file.lines);
  onResults(known.filter(({ line }) => !done.has(line)));
  const waiting = toSend.filter(({ line }) => !done.has(line));
  for (let start = 0; start < waiting.length && !signal.aborted; start += PIECE) {
    await sendPiece(file.header, waiting.slice(start, start + PIECE), send, onResults);
  }
}

/** What is known of lines without asking. */
function sorted(lines: readonly ImportLine[]): {
  readonly known: readonly LineResult[];
  readonly toSend: readonly ImportLine[];
} {
  const first = new Map<string, number>();
  const known: LineResult[] = [];
  const toSend: ImportLine[] = [];
  for (const line of lines) {
    const id = line.id.toLowerCase();
    const earlier = first.get(id);
    if (line.fault !== null) known.push(resultOf(line, "invalid", line.fault));
    else if (earlier !== undefined) known.push(resultOf(line, "repeated", `The same id stands in line ${earlier}`));
    else {
      first.set(id, line.line);
      toSend.push(line);
    }
  }
  return { known, toSend };
}

/** The server refuses a piece for one wrong value and names its line: that one is told, the others are sent again. */
async function sendPiece(
  header: string | null,
  piece: readonly ImportLine[],
  send: ImportRun["send"],
  onResults: ImportRun["onResults"],
): Promise<void> {
  let rest = piece;
  while (rest.length > 0) {
    const texts = rest.map(({ text }) => text);
    try {
      const answer = await send([...(header === null ? [] : [header]), ...texts].join("\n"));
      return onResults(rest.map((line) => judged(line, answer)));
    } catch (error) {
      const wrong = lineAtFault(error, header, rest);
      if (wrong === null) throw error;
      onResults([resultOf(wrong.line, "invalid", wrong.message)]);
      rest = rest.filter((line) => line !== wrong.line);
    }
  }
}

function judged(line: ImportLine, answer: ImportAnswer): LineResult {
  const id = line.id.toLowerCase();
  if (answer.nameTakenDeviceIds?.includes(id)) return resultOf(line, "name_taken");
  if (answer.updatedDeviceIds.includes(id)) return resultOf(line, "imported");
  if (answer.nonmemberDeviceIds.includes(id)) return resultOf(line, "elsewhere");
  if (answer.invalidDeviceIds.some((one) => one.toLowerCase() === id)) return resultOf(line, "invalid");
  return resultOf(line, "there");
}

function resultOf({ line, id }: ImportLine, outcome: LineOutcome, message = OUTCOMES[outcome]): LineResult {
  return { line, id, outcome, message };
}

function lineAtFault(
  error: unknown,
  header: string | null,
  lines: readonly ImportLine[],
): { readonly line: ImportLine; readonly message: string } | null {
  if (!(error instanceof ApiFailure) || error.status !== 400) return null;
  const [, number, message] = /^Line (\d+) of the file:? (.*)$/s.exec(error.message) ?? [];
  let at = header === null ? 1 : 1 + header.split(/\r\n|\r|\n/).length;
  for (const line of lines) {
    if (Number(number) >= at && Number(number) < at + line.height) return { line, message: message ?? "" };
    at += line.height;
  }
  return null;
}
