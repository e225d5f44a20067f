/** The registry as lines of JSON, one for each device or module: what an export writes and an import reads. */
import type { DeviceIdentity, IdentityRef } from "../registry/identity.ts";
import type { Registry } from "../registry/registry.ts";
import type { JsonObject } from "../twins/twin.ts";
import type { Twins } from "../twins/twins.ts";

const PIECE_BYTES = 64 * 1024;
const MAX_LINE_BYTES = 1024 * 1024;

/** The identities of these devices, each followed by its modules, with their twins. */
export async function* exportLines(
  { registry, twins }: { readonly registry: Registry; readonly twins: Twins },
  devices: AsyncIterable<IdentityRef>,
  { withKeys }: { readonly withKeys: boolean },
): AsyncGenerator<Buffer> {
  let lines: string[] = [];
  let size = 0;
  for await (const { deviceId } of devices) {
    const device = registry.find(deviceId);
    if (device === undefined) continue;
    for (const identity of [device, ...registry.modules(deviceId)]) {
      const line = `${JSON.stringify(exported(identity, twins.get(identity), withKeys))}\r\n`;
      lines.push(line);
      size += line.length;
    }
    if (size < PIECE_BYTES) continue;
    yield Buffer.from(lines.join(""));
    [lines, size] = [[], 0];
  }
  yield Buffer.from(lines.join(""));
}

/** The lines of a text that comes in pieces, without empty ones. Throws an `Error` for one that is too long. */
export async function* linesOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const piece of pieces) {
    const bytes = Buffer.concat([rest, piece]);
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      const line = bytes.toString("utf8", start, end).trim();
      if (line !== "") yield line;
      start = end + 1;
    }
    rest = bytes.subarray(start);
    if (rest.length > MAX_LINE_BYTES) throw new Error(`A line is longer than ${MAX_LINE_BYTES} bytes.`);
  }
  const last = rest.toString("utf8").trim();
  if (last !== "") yield last;
}

function exported(identity: DeviceIdentity, twin: JsonObject, withKeys: boolean): JsonObject {
  const isModule = identity.moduleId !== undefined;
  const { symmetricKey, x509Thumbprint, type } = identity.authentication;
  return {
    id: identity.deviceId,
    ...(isModule ? { moduleId: identity.moduleId, managedBy: identity.managedBy ?? null } : {}),
    eTag: identity.etag,
    ...(isModule ? {} : { status: identity.status, statusReason: identity.statusReason }),
    authentication: {
      type,
      symmetricKey: withKeys ? { ...symmetricKey } : { primaryKey: null, secondaryKey: null },
      x509Thumbprint: { ...x509Thumbprint },
    },
    twinETag: twin["etag"] ?? null,
    tags: twin["tags"] ?? {},
    properties: twin["properties"] ?? {},
    ...(isModule ? {} : { capabilities: { ...identity.capabilities } }),
    ...(identity.deviceScope === undefined ? {} : { deviceScope: identity.deviceScope }),
    ...(identity.parentScopes === undefined ? {} : { parentScopes: identity.parentScopes }),
  };
}
