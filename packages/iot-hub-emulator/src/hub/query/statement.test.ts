import fc from "fast-check";
import { expect, test } from "vitest";
import { HubError } from "../errors.ts";
import { parseStatement } from "./statement.ts";

/** Set QUERY_CASES for a longer run. */
const CASES = Number(process.env["QUERY_CASES"] ?? 5_000);

const WORDS =
  "SELECT TOP 5 * FROM devices devices.modules devices.jobs AS d WHERE GROUP BY ORDER COUNT() AVG( ) tags.x d.y [[z]] , . = 1 'a' AND NOT IN [ ] in ('".split(
    " ",
  );

test("whatever is written is a statement or an ArgumentInvalid with a column", { timeout: 600_000 }, () => {
  const words = fc.array(fc.constantFrom(...WORDS), { maxLength: 20 });
  const text = fc.oneof(
    words.map((some) => some.join(" ")),
    words.map((some) => `SELECT ${some.join(" ")}`),
    words.map((some) => `SELECT * FROM devices ${some.join(" ")}`),
    fc.string({ unit: "binary", maxLength: 40 }),
  );
  let accepted = 0;
  fc.assert(
    fc.property(text, (source) => {
      let outcome: unknown = "statement";
      try {
        parseStatement(source);
        accepted++;
      } catch (error) {
        const refused = error instanceof HubError && error.errorName === "ArgumentInvalid";
        outcome = refused && / at column \d+\.$/.test(error.message) ? "statement" : error;
      }
      expect(outcome).toBe("statement");
    }),
    { numRuns: CASES },
  );
  expect(accepted).toBeGreaterThan(CASES / 1000);
});

test("names are taken from the collection, its alias or nothing", () => {
  const paths = (text: string): unknown => parseStatement(text).where?.paths.map(({ segments }) => segments.join("."));
  expect(paths("SELECT * FROM devices WHERE devices.tags.a = 1 AND tags.b = 1")).toEqual(["tags.a", "tags.b"]);
  expect(paths("SELECT * FROM devices d WHERE d.tags.a = 1 AND devices.tags.b = 1")).toEqual(["tags.a", "tags.b"]);
  expect(paths("SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 1 AND JobType = 2")).toEqual([
    "jobId",
    "jobType",
  ]);
  expect(paths("SELECT * FROM devices WHERE Properties.Reported.Temp = 1")).toEqual(["properties.reported.Temp"]);
  expect(paths("SELECT * FROM devices WHERE [[deviceID]] = 1")).toEqual(["deviceID"]);
});
