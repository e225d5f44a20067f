/** What an event may look like. Limits of the device cloud: facts that firmware relies on. */
import type { EventFault } from "../core/accept.ts";

const MAX_NAME_CHARACTERS = 64;
/** UTF-8 bytes of `data`. */
const MAX_DATA_BYTES = 1024;
/** The longest that other device clouds pass on: 16 KB of binary data, written as a data URL. */
const MAX_CLOUD_DATA_BYTES = 24 * 1024;

const BINARY = /^data:[\w!#$&^.+-]{1,63}\/[\w!#$&^.+-]{1,63};base64,/;

const RESERVED = ["particle", "spark"] as const;

/** The first thing wrong with an event, or `null`. What another device cloud has judged may be longer, and its own. */
export function eventFault(name: string, data: string | null, fromDeviceCloud: boolean = false): EventFault | null {
  if (name.length === 0) return { field: "name", message: "name must not be empty" };
  if (name.length > MAX_NAME_CHARACTERS) {
    return { field: "name", message: `name must be at most ${MAX_NAME_CHARACTERS} characters` };
  }
  if (!isPrintableAscii(name)) return { field: "name", message: "name must be printable ASCII" };
  const start = name.slice(0, 8).toLowerCase();
  const reserved = RESERVED.find((prefix) => start.startsWith(prefix));
  if (reserved !== undefined && !fromDeviceCloud) {
    return {
      field: "name",
      message: `name must not start with '${reserved}': the prefix is reserved for system events`,
    };
  }
  // A string is never longer in characters than in bytes, and short ones need no counting.
  const maxBytes = fromDeviceCloud ? MAX_CLOUD_DATA_BYTES : MAX_DATA_BYTES;
  if (data !== null && data.length > maxBytes / 3 && sizeOf(data) > maxBytes) {
    return { field: "data", message: `data must be at most ${maxBytes} bytes` };
  }
  return null;
}

/** Bytes of text; of binary data, which comes as a data URL, those of the data itself. */
function sizeOf(data: string): number {
  const bytes = Buffer.byteLength(data);
  const head = BINARY.exec(data);
  if (head === null) return bytes;
  const padding = data.endsWith("==") ? 2 : data.endsWith("=") ? 1 : 0;
  return ((bytes - head[0].length) / 4) * 3 - padding;
}

function isPrintableAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
