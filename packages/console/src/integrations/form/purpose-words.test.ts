import { expect, test } from "vitest";
import { purposeInWords } from "./purpose-words.ts";

test("what an integration will do is one sentence", () => {
  const sandbox = { event: "temp", device: "", product: null, target: "the Local Hub" };
  expect(purposeInWords(sandbox)).toBe(
    "Every event whose name begins with “temp” from any of your devices goes to the Local Hub.",
  );
  expect(purposeInWords({ ...sandbox, device: "cellar" })).toContain("from the device cellar goes");
  expect(purposeInWords({ ...sandbox, product: "Weather", device: "ignored" })).toContain(
    "from any approved device of Weather goes",
  );
  expect(purposeInWords({ ...sandbox, event: "" })).toBe("Events from any of your devices go to the Local Hub.");
});
