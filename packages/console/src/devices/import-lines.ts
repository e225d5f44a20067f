/** A file of devices, read as the server reads it: one id a line, or comma-separated values under a header (RFC 4180). */

export interface ImportLine {
  /** From 1. */
  readonly line: number;
  /** Line breaks inside of quoted values make it longer than one. */
  readonly height: number;
  /** As it stands in the file. */
  readonly text: string;
  readonly id: string;
  /** Why it is not worth sending; `null`: the server shall judge. */
  readonly fault: string | null;
}

export interface ImportFile {
  /** `null`: there is no header, each line is an id. */
  readonly header: string | null;
  /** What the header names and the server takes. */
  readonly columns: readonly string[];
  /** Columns that nobody reads. */
  readonly ignored: readonly string[];
  readonly lines: readonly ImportLine[];
}

interface Row {
  readonly text: string;
  readonly cells: readonly string[];
  readonly line: number;
  readonly height: number;
  readonly isClosed: boolean;
}

/** Names of columns, in lower case and without spaces, dashes and underscores. */
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

type Check = (value: string) => string | null;

const version: Check = (value) =>
  /^\d{1,5}$/.test(value) && Number(value) <= 65_535 ? null : "must be a whole number from 0 to 65535";
const atMost =
  (length: number): Check =>
  (value) =>
    value.length <= length ? null : `must have at most ${length} characters`;

const CHECKS: Readonly<Record<string, Check>> = {
  name: atMost(128),
  notes: atMost(1_000),
  serial_number: atMost(64),
  firmware_version: version,
  desired_firmware_version: version,
  development: (value) => (/^(true|false|1|0)$/.test(value) ? null : "must be true or false"),
};

export function readImport(text: string): ImportFile {
  const [first, ...rest] = rowsOf(text.replace(/^\uFEFF/, ""));
  if (first === undefined) return { header: null, columns: [], ignored: [], lines: [] };
  const columns = first.cells.map((cell) => COLUMNS[cell.toLowerCase().replaceAll(/[\s_-]/g, "")]);
  const idColumn = columns.indexOf("id");
  if (idColumn < 0) {
    return { header: null, columns: ["id"], ignored: [], lines: [first, ...rest].map((row) => plainLine(row)) };
  }
  return {
    header: first.text,
    columns: columns.filter((column) => column !== undefined),
    ignored: first.cells.filter((_cell, index) => columns[index] === undefined),
    lines: rest.map((row) => lineOf(row, columns, idColumn)),
  };
}

function isDeviceId(text: string): boolean {
  return /^[0-9a-f]{24}$/i.test(text);
}

function plainLine(row: Row): ImportLine {
  const { text, line, height, cells, isClosed } = row;
  const id = cells.join(",");
  return { line, height, text, id, fault: isClosed ? idFault(id) : NEVER_CLOSED };
}

function lineOf(row: Row, columns: readonly (string | undefined)[], idColumn: number): ImportLine {
  const { text, line, height, cells, isClosed } = row;
  const id = cells[idColumn] ?? "";
  return { line, height, text, id, fault: isClosed ? (idFault(id) ?? valueFault(cells, columns)) : NEVER_CLOSED };
}

const NEVER_CLOSED = "A quotation mark is never closed";

function idFault(id: string): string | null {
  if (id === "") return "There is no id";
  return isDeviceId(id) ? null : "An id has 24 hexadecimal digits";
}

/** Empty values say nothing. */
function valueFault(cells: readonly string[], columns: readonly (string | undefined)[]): string | null {
  for (const [index, column] of columns.entries()) {
    const value = cells[index] ?? "";
    const fault = column === undefined || value === "" ? null : (CHECKS[column]?.(value) ?? null);
    if (fault !== null) return `${column} ${fault}`;
  }
  return null;
}

/** Rows that are not empty. */
function rowsOf(text: string): Row[] {
  const rows: Row[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const row = rowAt(text, at, line);
    if (row.cells.some((cell) => cell !== "")) rows.push(row);
    line += row.height;
    at += row.text.length + (text.startsWith("\r\n", at + row.text.length) ? 2 : 1);
  }
  return rows;
}

const CELL_END = /[,\r\n]/g;

function rowAt(text: string, start: number, line: number): Row {
  const cells: string[] = [];
  let at = start;
  let isClosed = true;
  for (;;) {
    let value = "";
    if (text[at] === '"') {
      const end = quoteEnd(text, at);
      isClosed &&= end !== null;
      value = text.slice(at + 1, end ?? undefined).replaceAll('""', '"');
      at = end === null ? text.length : end + 1;
    }
    CELL_END.lastIndex = at;
    const end = CELL_END.exec(text)?.index ?? text.length;
    cells.push((value + text.slice(at, end)).trim());
    if (text[end] !== ",") {
      const raw = text.slice(start, end);
      return { text: raw, cells, line, height: raw.split(/\r\n|\r|\n/).length, isClosed };
    }
    at = end + 1;
  }
}

/** `null`: it is never closed. */
function quoteEnd(text: string, start: number): number | null {
  let end = start + 1;
  for (;;) {
    end = text.indexOf('"', end);
    if (end < 0) return null;
    if (text[end + 1] !== '"') return end;
    end += 2;
  }
}
