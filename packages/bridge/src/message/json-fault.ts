/** Finds where a text stops being JSON. The engine's own parser says that on some releases only, and in other words on each. */

type Expected = "value" | "value or end" | "name" | "name or end" | "colon" | "comma or end" | "nothing";

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;

/** Offset of the first character that no JSON text could have there; the text's length when it ends too early; `null` for JSON. */
export function jsonFaultAt(text: string): number | null {
  const open: ("{" | "[")[] = [];
  let expected: Expected = "value";
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at += found[0].length;
    return found !== null;
  };
  const after = (): Expected => (open.length === 0 ? "nothing" : "comma or end");
  for (;;) {
    take(SPACE);
    const character = text[at];
    if (character === undefined) return expected === "nothing" ? null : at;
    if (isEnd(character, expected, open.at(-1))) {
      open.pop();
      at += 1;
      expected = after();
    } else if (expected === "value" || expected === "value or end") {
      if (character === "{" || character === "[") {
        open.push(character);
        at += 1;
        expected = character === "{" ? "name or end" : "value or end";
      } else if (take(character === '"' ? STRING : SCALAR)) expected = after();
      else return at;
    } else if (expected === "name" || expected === "name or end") {
      if (!take(STRING)) return at;
      expected = "colon";
    } else if (expected === "colon" && character === ":") {
      at += 1;
      expected = "value";
    } else if (expected === "comma or end" && character === ",") {
      at += 1;
      expected = open.at(-1) === "{" ? "name" : "value";
    } else return at;
  }
}

function isEnd(character: string, expected: Expected, open: "{" | "[" | undefined): boolean {
  if (expected === "comma or end") return character === (open === "{" ? "}" : "]");
  return (expected === "name or end" && character === "}") || (expected === "value or end" && character === "]");
}
