/** Why a text is no state, in a sentence; `null`: it is one. What a twin can hold, the server judges. */
export function stateFault(text: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `This is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? null
    : "A state is a JSON object: { … }";
}
