/** A file of devices: one id a line, or comma-separated values under a header that names the columns (RFC 4180). */
import { badRequest, refusal } from "../api-error.ts";
import type { Fields } from "../bodies.ts";

export interface ImportRow {
  /** As written; not judged yet. */
  readonly id: string;
  /** From 1. */
  readonly line: number;
  /** What else the row says, by the API's field names. */
  readonly fields: Fields;
}

const MAX_ROWS = 100_000;
/** Of all rows, empty ones too: reading them holds everything else up. */
const MAX_CELLS = 1_000_000;
/** Longer than any field may be. */
const MAX_CELL_LENGTH = 4_096;

/** Column names, in lower case and without spaces, dashes and underscores. Other columns are left alone. */
const COLUMNS: Readonly<Record<string, string>> = {
  id: "id",
  deviceid: "id",
  name: "name",
  devicename: "name",
  notes: "notes",
  groups: "groups",
  group: "groups",
  serialnumber: "serial_number",
  serial: "serial_number",
  firmwareversion: "firmware_version",
  desiredfirmwareversion: "desired_firmware_version",
  development: "development",
};

export function importRowsIn(text: string): readonly ImportRow[] {
  const rows = parseRows(text.replace(/^\uFEFF/, ""));
  const [first] = rows;
  if (first === undefined) return [];
  const columns = first.cells.map((cell) => COLUMNS[cell.toLowerCase().replaceAll(/[\s_-]/g, "")]);
  const idColumn = columns.indexOf("id");
  if (idColumn < 0) return rows.map(({ cells, line }) => ({ id: cells.join(","), line, fields: {} }));
  return rows.slice(1).map(({ cells, line }) => ({
    id: cells[idColumn] ?? "",
    line,
    fields: fieldsOfRow(cells, columns),
  }));
}

/** Empty cells say nothing. Several groups in one cell have spaces, semicolons or bars in between. */
function fieldsOfRow(cells: readonly string[], columns: readonly (string | undefined)[]): Fields {
  const entries = columns.flatMap((column, index) => {
    const cell = cells[index] ?? "";
    if (column === undefined || column === "id" || cell === "") return [];
    return [[column, column === "groups" ? cell.split(/[\s;|,]+/) : cell] as const];
  });
  return Object.fromEntries(entries);
}

interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

const CELL_END = /,|\r\n|\r|\n/g;

function parseRows(text: string): readonly Row[] {
  const rows: Row[] = [];
  let cells: string[] = [];
  let line = 1;
  let rowLine = 1;
  let at = 0;
  let cellCount = 0;
  while (at <= text.length) {
    // One row more for the header.
    if (rows.length > MAX_ROWS + 1) throw refusal(413, `At most ${MAX_ROWS} device ids at a time`);
    if (++cellCount > MAX_CELLS) throw refusal(413, `At most ${MAX_CELLS} values at a time`);
    const isQuoted = text[at] === '"';
    const cell = isQuoted ? quotedCell(text, at, line) : plainCell(text, at);
    cells.push(cell.value.trim());
    line += cell.lineBreaks;
    const end = text[cell.end];
    if (end === ",") {
      at = cell.end + 1;
      continue;
    }
    if (cells.some((value) => value !== "")) rows.push({ cells, line: rowLine });
    cells = [];
    at = cell.end + (text.startsWith("\r\n", cell.end) ? 2 : 1);
    line += 1;
    rowLine = line;
  }
  return rows;
}

interface Cell {
  readonly value: string;
  /** Where the comma or line break after it stands. */
  readonly end: number;
  readonly lineBreaks: number;
}

function plainCell(text: string, start: number): Cell {
  CELL_END.lastIndex = start;
  const end = CELL_END.exec(text)?.index ?? text.length;
  if (end - start > MAX_CELL_LENGTH) throw tooLong();
  return { value: text.slice(start, end), end, lineBreaks: 0 };
}

function quotedCell(text: string, start: number, line: number): Cell {
  let end = start + 1;
  for (;;) {
    end = text.indexOf('"', end);
    if (end < 0) throw badRequest(`Line ${line} of the file has a quotation mark that is never closed`);
    if (end - start > MAX_CELL_LENGTH) throw tooLong();
    if (text[end + 1] !== '"') break;
    end += 2;
  }
  const value = text.slice(start + 1, end).replaceAll('""', '"');
  const after = plainCell(text, end + 1);
  if (after.value.trim() !== "") throw badRequest(`Line ${line} of the file has text after a closing quotation mark`);
  return { value, end: after.end, lineBreaks: value.split(/\r\n|\r|\n/).length - 1 };
}

function tooLong(): Error {
  return badRequest(`A value of the file has more than ${MAX_CELL_LENGTH} characters`);
}
