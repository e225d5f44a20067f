/**
 * Patterns for SQLite's GLOB, whose time grows with pattern times text and no faster. Each letter stands there in both its
 * cases, so that letter case does not count in any script.
 */

/** Neither a letter nor a digit; what is not ASCII counts as a letter. */
const GAP = "[^0-9A-Za-z\u0080-\u{10ffff}]";

function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /[0-9A-Za-z\u0080-\u{10ffff}]/u.test(character);
}

/** Exactly this text. */
export function wholePattern(text: string): string {
  return Array.from(text, letter).join("");
}

export function prefixPattern(prefix: string): string {
  return `${wholePattern(prefix)}*`;
}

/** `*` is any text, `?` one character, a backslash takes the next one as it is. */
export function wildcardPattern(pattern: string): string {
  const characters = Array.from(pattern);
  let glob = "";
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    if (character === "*" || character === "?") glob += character;
    else if (character === "\\" && i + 1 < characters.length) glob += letter(characters[++i]!);
    else glob += letter(character);
  }
  return glob.replace(/\*{2,}/g, "*");
}

/** A word or a phrase in a text that stands between two spaces. */
export function phrasePattern(phrase: string): string {
  const words = phrase.trim().split(/\s+/);
  const characters = Array.from(phrase.trim());
  const [before, after] = [characters[0], characters.at(-1)].map((edge) => (isWordCharacter(edge) ? GAP : ""));
  return `*${before}${words.map(wholePattern).join(GAP)}${after}*`;
}

function letter(character: string): string {
  // To SQLite a text ends there, a pattern too: nothing is like it.
  if (character === "\0") return "[^\u0001-\u{10ffff}]";
  if (/[*?[]/.test(character)) return `[${character}]`;
  const cases = [character.toLowerCase(), character.toUpperCase()].filter((one) => Array.from(one).length === 1);
  const all = [...new Set([character, ...cases])];
  return all.length === 1 ? character : `[${all.join("")}]`;
}
