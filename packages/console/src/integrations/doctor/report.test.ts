import { expect, test } from "vitest";
import type { DoctorCheck } from "../../integration/doctor.ts";
import { reportInWords, standingOf } from "./report.ts";

const check = (ok: DoctorCheck["ok"]): DoctorCheck => ({ name: "https", ok, message: "" });

test("several checks are good when one is and none is bad", () => {
  expect(standingOf([])).toBe("untried");
  expect(standingOf([check("skipped")])).toBe("untried");
  expect(standingOf([check("skipped"), check(true)])).toBe("good");
  expect(standingOf([check(true), check(false)])).toBe("bad");
});

test("a report is said in words that count", () => {
  expect(reportInWords({ pass: true, checks: [check(true), check(true)] })).toBe("all 2 checks are good");
  expect(reportInWords({ pass: true, checks: [check(true), check(true), check("skipped")] })).toBe(
    "all 2 checks are good",
  );
  expect(reportInWords({ pass: false, checks: [check(true), check(false), check("skipped")] })).toBe(
    "1 of 2 checks is not right, 1 could not be tried",
  );
});
