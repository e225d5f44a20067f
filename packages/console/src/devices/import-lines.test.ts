import { expect, test } from "vitest";
import { readImport } from "./import-lines.ts";

const A = "a".repeat(24);
const B = "B".repeat(24);

test("without a header each line is an id, empty lines aside", () => {
  const { header, lines } = readImport(`\uFEFF${A}\r\n\r\n  ${B} \nnonsense\n`);
  expect(header).toBeNull();
  expect(lines.map(({ line, id, fault }) => [line, id, fault])).toEqual([
    [1, A, null],
    [3, B, null],
    [4, "nonsense", "An id has 24 hexadecimal digits"],
  ]);
});

test("a header names the columns, in whatever manner they are written", () => {
  const file = readImport(`Colour,Device ID,name,Serial-Number,firmware_version\nred,${A},Pump 1,P046,3\n`);
  expect(file).toMatchObject({ columns: ["id", "name", "serial_number", "firmware_version"], ignored: ["Colour"] });
  expect(file.lines).toEqual([{ line: 2, height: 1, text: `red,${A},Pump 1,P046,3`, id: A, fault: null }]);
});

test("quoted values keep commas, quotes and line breaks, and lines are counted through them", () => {
  const { lines } = readImport(`id,notes\n${A},"behind, the ""wall""\nand below"\n${B},x`);
  expect(lines.map(({ line, height, id }) => [line, height, id])).toEqual([
    [2, 2, A],
    [4, 1, B],
  ]);
});

test("values that the server would refuse are told with their column", () => {
  const { lines } = readImport(
    `id,firmware_version,development,name\n${A},70000,,\n${A},3,maybe,\n${A},,,${"n".repeat(129)}\n,1,,\n${A},"3`,
  );
  expect(lines.map(({ fault }) => fault)).toEqual([
    "firmware_version must be a whole number from 0 to 65535",
    "development must be true or false",
    "name must have at most 128 characters",
    "There is no id",
    "A quotation mark is never closed",
  ]);
});

test("nothing is no file", () => {
  expect(readImport(" \n\n")).toEqual({ header: null, columns: [], ignored: [], lines: [] });
});

test("a hundred thousand lines are read in the blink of an eye", () => {
  const started = performance.now();
  expect(readImport(`${A}\n`.repeat(100_000)).lines).toHaveLength(100_000);
  expect(performance.now() - started).toBeLessThan(20_000);
});
