/** Slashes around addresses and resources, which clients write or leave out. In one pass: a peer may send very many. */

/** `/a/b/` becomes `/a/b`. */
export function withoutTrailingSlashes(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === "/") end--;
  return text.slice(0, end);
}

/** `/a/b/` becomes `a/b`. */
export function withoutOuterSlashes(text: string): string {
  let start = 0;
  while (text[start] === "/") start++;
  return withoutTrailingSlashes(text.slice(start));
}
