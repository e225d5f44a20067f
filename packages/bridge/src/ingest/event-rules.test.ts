import { describe, expect, test } from "vitest";
import { eventFault } from "./event-rules.ts";

const name = (length: number): string => "n".repeat(length);
const GOOD = "temperature";

describe("names", () => {
  test.each([
    ["one character", "a"],
    ["64 characters", name(64)],
    ["a path", "sensors/cellar/temperature"],
    ["a space inside", "living room"],
    ["the first printable character", " "],
    ["the last printable character", "~"],
    ["all kinds of punctuation", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}"],
    ["digits", "42"],
    ["a reserved word later on", "my-particle"],
    ["a reserved word after a slash", "a/spark/b"],
    ["a reserved word cut short", "particl"],
    ["the other reserved word cut short", "spar"],
    ["a name of an object's inside", "__proto__"],
    ["a loop's prefix, which is for matching to judge", "hook-response/x"],
  ])("%s is fine: %j", (_what, text) => {
    expect(eventFault(text, null)).toBeNull();
  });

  test.each([
    ["nothing", "", /empty/],
    ["65 characters", name(65), /at most 64/],
    ["a thousand characters", name(1_000), /at most 64/],
    ["64 characters that begin reserved", `spark${name(59)}`, /reserved/],
    ["65 characters that begin reserved", `spark${name(60)}`, /at most 64/],
    ["a control character", "a\u001fb", /printable/],
    ["NUL", "a\0", /printable/],
    ["a line feed", "a\nb", /printable/],
    ["a carriage return", "a\r", /printable/],
    ["a tab", "\t", /printable/],
    ["delete", "a\u007f", /printable/],
    ["a Latin letter beyond ASCII", "température", /printable/],
    ["an emoji", "😀", /printable/],
    ["a lone surrogate", "\ud800", /printable/],
    ["a letter that folds to ASCII", "\u017fpark", /printable/],
    ["the Kelvin sign in a reserved word", "spar\u212a", /printable/],
    ["a no-break space", "a\u00a0b", /printable/],
    ["the reserved word", "particle", /'particle'/],
    ["the other reserved word", "spark", /'spark'/],
    ["a reserved word with a path", "spark/status", /'spark'/],
    ["a reserved word in capitals", "PARTICLE/x", /'particle'/],
    ["a reserved word in mixed letters", "SpArK", /'spark'/],
    ["a word that begins like a reserved one", "sparkling", /'spark'/],
    ["another word that begins like one", "Particles", /'particle'/],
  ])("%s is refused: %j", (_what, text, message) => {
    expect(eventFault(text, null)).toMatchObject({ field: "name", message: expect.stringMatching(message) as unknown });
  });
});

function binary(bytes: number): string {
  return `data:application/octet-stream;base64,${Buffer.alloc(bytes, 0xff).toString("base64")}`;
}

describe("data", () => {
  test.each([
    ["none", null],
    ["empty", ""],
    ["1,024 bytes of ASCII", "x".repeat(1024)],
    ["1,024 bytes of two each", "é".repeat(512)],
    ["1,023 bytes of three each", "€".repeat(341)],
    ["1,024 bytes of three each and one", `${"€".repeat(341)}x`],
    ["1,024 bytes of four each", "😀".repeat(256)],
    ["1,023 bytes of lone surrogates", "\ud800".repeat(341)],
    ["control characters", "a\0b\n"],
    ["1,024 bytes that are no text", binary(1024)],
    ["1,023 bytes that are no text", binary(1023)],
  ])("%s is fine", (_what, data) => {
    expect(eventFault(GOOD, data)).toBeNull();
  });

  test.each([
    ["1,025 bytes of ASCII", "x".repeat(1025)],
    ["1,026 bytes of two each", "é".repeat(513)],
    ["1,025 bytes of two each and one", `${"é".repeat(512)}x`],
    ["1,026 bytes of three each", "€".repeat(342)],
    ["1,025 bytes of three each and two", `${"€".repeat(341)}é`],
    ["1,028 bytes of four each", "😀".repeat(257)],
    ["1,026 bytes of lone surrogates", "\ud800".repeat(342)],
    ["a megabyte", "x".repeat(1_000_000)],
    ["1,025 bytes that are no text", binary(1025)],
    ["a media type without end", `data:image/${"x".repeat(900)};base64,${"A".repeat(200)}`],
  ])("%s is refused", (_what, data) => {
    expect(eventFault(GOOD, data)).toMatchObject({ field: "data", message: expect.stringMatching(/1024/) as unknown });
  });

  test("the name is judged first", () => {
    expect(eventFault("", "x".repeat(2_000))?.field).toBe("name");
  });
});
