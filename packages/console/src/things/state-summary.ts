const MOST_CHARACTERS = 200;

/** The beginning of a state, as one line. */
export function stateSummary(state: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(state).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const text = parts.join(", ");
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text || "empty";
}
