import { readFile } from "node:fs/promises";

/**
 * What one station measured at one time: `station`, `time` (ISO 8601, UTC), and a number per quantity, whose key ends in
 * its unit (`temperature_f`, `wind_mps`). A quantity that was not measured is absent.
 */
export type Reading = Readonly<Record<string, string | number>>;

/** `src` holds the table whether this runs from `src/demo` or from `dist/demo`: the build copies no files. */
const TABLE = new URL("../../src/demo/readings.csv", import.meta.url);

/** The table of readings by station, each station's in the order of time. */
export async function loadReadings(): Promise<ReadonlyMap<string, readonly Reading[]>> {
  return parseReadings(await readFile(TABLE, "utf8"));
}

/** Parses a table whose first line names the columns, `station` and `time` first; an empty cell is no measurement. */
export function parseReadings(table: string): ReadonlyMap<string, readonly Reading[]> {
  const [header = "", ...lines] = table.trimEnd().split("\n");
  const columns = header.split(",");
  const byStation = new Map<string, Reading[]>();
  for (const line of lines) {
    const reading = parseLine(columns, line);
    const station = String(reading["station"]);
    const readings = byStation.get(station) ?? [];
    readings.push(reading);
    byStation.set(station, readings);
  }
  return byStation;
}

function parseLine(columns: readonly string[], line: string): Reading {
  const reading: Record<string, string | number> = {};
  line.split(",").forEach((cell, index) => {
    const column = columns[index];
    if (column === undefined || cell === "") return;
    reading[column] = index < 2 ? cell : Number(cell);
  });
  return reading;
}
