import { expect, test } from "vitest";
import { checkTitle, reportInWords, standingOf, type Check } from "./report.ts";

const check = (ok: Check["ok"]): Check => ({ name: "https", ok, message: "" });

test("several checks are good when one is and none is bad", () => {
  expect(standingOf([])).toBe("untried");
  expect(standingOf([check("skipped")])).toBe("untried");
  expect(standingOf([check("skipped"), check(true)])).toBe("good");
  expect(standingOf([check(true), check(false)])).toBe("bad");
});

test("a report is said in words that count", () => {
  expect(reportInWords({ pass: true, checks: [check(true), check(true)] })).toBe("all 2 checks are good");
  expect(reportInWords({ pass: false, checks: [check(true), check(false), check("skipped")] })).toBe(
    "1 of 2 checks is not right, 1 could not be tried",
  );
});

test("a check that this console does not know keeps its name", () => {
  expect(checkTitle({ name: "registry_write" })).toBe("Registry Write");
  expect(checkTitle({ name: "new_thing" })).toBe("new thing");
});
