/** The few DER encodings that an X.509 certificate is made of (ITU-T X.690). */

/** A tagged value: one tag octet, the length, the contents. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOctets(body.length), body]);
}

export function sequence(...items: readonly Uint8Array[]): Buffer {
  return der(0x30, ...items);
}

export function set(...items: readonly Uint8Array[]): Buffer {
  return der(0x31, ...items);
}

/** `[number]`, constructed: wraps whole values. */
export function explicit(number: number, ...items: readonly Uint8Array[]): Buffer {
  return der(0xa0 | number, ...items);
}

/** `[number]`, primitive: replaces a value's own tag. */
export function implicit(number: number, contents: Uint8Array): Buffer {
  return der(0x80 | number, contents);
}

/** A non-negative integer given as big-endian octets. */
export function integer(octets: Uint8Array): Buffer {
  let start = 0;
  while (start < octets.length - 1 && octets[start] === 0) start++;
  const shortest = octets.subarray(start);
  // A leading one bit would make it negative.
  return (shortest[0] ?? 0) & 0x80 ? der(0x02, Buffer.from([0]), shortest) : der(0x02, shortest);
}

export function boolean(value: boolean): Buffer {
  return der(0x01, Buffer.from([value ? 0xff : 0]));
}

export function octetString(contents: Uint8Array): Buffer {
  return der(0x04, contents);
}

/** Whole octets, or with the last `unused` bits left out. */
export function bitString(contents: Uint8Array, unused: number = 0): Buffer {
  return der(0x03, Buffer.from([unused]), contents);
}

export function utf8String(text: string): Buffer {
  return der(0x0c, Buffer.from(text, "utf8"));
}

/** An object identifier in dotted form, e.g. `2.5.29.17`. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** UTCTime until 2049, GeneralizedTime after, as RFC 5280 4.1.2.5 demands. */
export function time(at: Date): Buffer {
  const text = `${at
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/[-:T]/g, "")}Z`;
  return at.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}

function base128(value: number): number[] {
  const octets = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) octets.unshift((rest & 0x7f) | 0x80);
  return octets;
}

function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff);
  return Buffer.from([0x80 | octets.length, ...octets]);
}
