/**
 * Seals everything anew under a new key. At every point of it both the old and the new key are on disk until nothing needs
 * the old one: whenever the process ends, the next start opens everything and goes on where it was.
 */
import { records, sealConnection, openConnection } from "./sealed-connection.ts";
import { SecretKeyError } from "./secret-keys.ts";
import type { SecretKeys } from "./secret-keys.ts";
import type { Secrets } from "./secrets.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import { SEALED_COLUMNS } from "./sqlite/seal-operations.ts";
import type { SealedConnection } from "./sqlite/hub-connections.ts";

export interface KeyRotationOptions {
  readonly worker: GroupCommit;
  readonly keys: SecretKeys;
  readonly secrets: Secrets;
  /** Keeps integrations from being written meanwhile: what is equal to what is told by prints, which change with the key. */
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Resolves with the number of secrets' rows that were sealed anew. Throws `SecretKeyError` when the key is not ours to change. */
export function rotateSecrets(options: KeyRotationOptions): Promise<number> {
  return options.exclusively(async () => {
    options.keys.begin();
    const resealed = await resealAll(options);
    options.keys.finish();
    return resealed;
  });
}

/** At start: ends a rotation that a crash or the operator left, and refuses a key that opens nothing of what is there. */
export async function settleKeys(options: KeyRotationOptions): Promise<void> {
  const { keys, secrets, worker } = options;
  const connections = await worker.call("sealedConnections");
  const texts = await worker.call("sealedTexts");
  const opens =
    connections.some((connection) => opened(secrets, connection) !== null) ||
    texts.some(({ place, id, sealed }) => openedText(secrets, sealed, SEALED_COLUMNS[place]!.record(id)) !== null);
  if (connections.length + texts.length > 0 && !opens)
    throw new SecretKeyError(
      "secret_key_wrong",
      `The data was sealed with another key than ${keys.name} holds. Put that key back, or give it after the new one.`,
    );
  if (keys.all.length === 1) return;
  await resealAll(options);
  keys.finish();
}

async function resealAll({ worker, secrets }: KeyRotationOptions): Promise<number> {
  const connections = (await worker.call("sealedConnections")).flatMap((sealed) => {
    const connection = opened(secrets, sealed);
    const isCurrent = secrets.isCurrent(sealed.sealedKey, records.key(sealed.id));
    return connection === null || isCurrent ? [] : [sealConnection(secrets, connection)];
  });
  const texts = (await worker.call("sealedTexts")).flatMap(({ place, id, sealed: was }) => {
    const record = SEALED_COLUMNS[place]!.record(id);
    const text = secrets.isCurrent(was, record) ? null : openedText(secrets, was, record);
    return text === null ? [] : [{ place, id, was, sealed: secrets.seal(text, record) }];
  });
  return worker.call("reseal", connections, texts);
}

// What no key opens was damaged before, and stays as it is.
function opened(secrets: Secrets, sealed: SealedConnection): ReturnType<typeof openConnection> | null {
  try {
    return openConnection(secrets, sealed);
  } catch {
    return null;
  }
}

function openedText(secrets: Secrets, sealed: string, record: string): string | null {
  try {
    return secrets.open(sealed, record);
  } catch {
    return null;
  }
}
