/** What an event may look like. Limits of the device cloud: facts that firmware relies on. */
import type { EventFault } from "../core/ports.ts";

const MAX_NAME_CHARACTERS = 64;
/** UTF-8 bytes of `data`. */
const MAX_DATA_BYTES = 1024;

const RESERVED = ["particle", "spark"] as const;

/** The first thing wrong with an event, or `null`. */
export function eventFault(name: string, data: string | null): EventFault | null {
  if (name.length === 0) return { field: "name", message: "name must not be empty" };
  if (name.length > MAX_NAME_CHARACTERS) {
    return { field: "name", message: `name must be at most ${MAX_NAME_CHARACTERS} characters` };
  }
  if (!isPrintableAscii(name)) return { field: "name", message: "name must be printable ASCII" };
  const start = name.slice(0, 8).toLowerCase();
  const reserved = RESERVED.find((prefix) => start.startsWith(prefix));
  if (reserved !== undefined) {
    return {
      field: "name",
      message: `name must not start with '${reserved}': the prefix is reserved for system events`,
    };
  }
  // A string is never longer in characters than in bytes, and short ones need no counting.
  if (data !== null && data.length > MAX_DATA_BYTES / 3 && Buffer.byteLength(data) > MAX_DATA_BYTES) {
    return { field: "data", message: `data must be at most ${MAX_DATA_BYTES} bytes` };
  }
  return null;
}

function isPrintableAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
