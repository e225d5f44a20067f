/** What the store knows of the identities of a hub, page by page. */
import type { DeviceBrief, IdentityFacts } from "../../core/hub-identities.ts";
import type { IdentityOrigin } from "../../core/identities.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

interface Known {
  readonly hubDeviceId: string;
  readonly generationId: string;
  readonly origin: IdentityOrigin | null;
}

export interface IdentityScanOperations {
  identityFacts(
    connectionIds: readonly string[],
    asked: readonly { readonly hubDeviceId: string; readonly deviceIds: readonly string[] }[],
  ): IdentityFacts[];
  knownIdentities(connectionId: string, after: string, limit: number): Known[];
  deviceBriefs(after: string, limit: number): DeviceBrief[];
  haveSent(pairs: readonly { readonly integrationId: string; readonly deviceId: string }[]): boolean[];
  forgetIdentity(connectionId: string, hubDeviceId: string): null;
}

export function identityScanOperations({ db }: Transaction): IdentityScanOperations {
  const known = db.prepare(
    "SELECT connection_id, generation_id, origin FROM identity WHERE connection_id = ? AND device_id = ?",
  );
  const elsewhere = db.prepare(
    `SELECT 1 FROM device_state WHERE connection_id = ?1 AND hub_device_id = ?2
     UNION ALL SELECT 1 FROM hub_removal WHERE connection_id = ?1 AND hub_device_id = ?2
     UNION ALL SELECT 1 FROM noted_thing WHERE id = ?2 AND connection_id = ?1
     UNION ALL SELECT 1 FROM test_identity WHERE connection_id = ?1 AND device_id = ?2 LIMIT 1`,
  );
  const brief = db.prepare("SELECT id, name, owner_id, product_id, approval FROM device WHERE id = ?");
  const knownPage = db.prepare(
    "SELECT device_id, generation_id, origin FROM identity WHERE connection_id = ? AND device_id > ? ORDER BY device_id LIMIT ?",
  );
  const briefs = db.prepare(
    "SELECT id, name, owner_id, product_id, approval FROM device WHERE id > ? ORDER BY id LIMIT ?",
  );
  const lane = db.prepare("SELECT 1 FROM lane WHERE integration_id = ? AND device_id = ?");
  const forget = db.prepare("DELETE FROM identity WHERE connection_id = ? AND device_id = ?");

  return {
    identityFacts: (connectionIds, asked) =>
      asked.map(({ hubDeviceId, deviceIds }) => {
        const row = connectionIds.map((id) => known.get(id, hubDeviceId)).find((found) => found !== undefined);
        return {
          known: row === undefined ? null : { connectionId: String(row["connection_id"]), ...generationOf(row) },
          isElsewhere: connectionIds.some((id) => elsewhere.get(id, hubDeviceId) !== undefined),
          devices: deviceIds.flatMap((id) => {
            const device = brief.get(id);
            return device === undefined ? [] : [toBrief(device)];
          }),
        };
      }),
    knownIdentities: (connectionId, after, limit) =>
      knownPage
        .all(connectionId, after, limit)
        .map((row) => ({ hubDeviceId: String(row["device_id"]), ...generationOf(row) })),
    deviceBriefs: (after, limit) => briefs.all(after, limit).map(toBrief),
    haveSent: (pairs) => pairs.map(({ integrationId, deviceId }) => lane.get(integrationId, deviceId) !== undefined),
    forgetIdentity(connectionId, hubDeviceId) {
      forget.run(connectionId, hubDeviceId);
      return null;
    },
  };
}

function generationOf(row: Row): { readonly generationId: string; readonly origin: IdentityOrigin | null } {
  return { generationId: String(row["generation_id"]), origin: row["origin"] as IdentityOrigin | null };
}

function toBrief(row: Row): DeviceBrief {
  return {
    id: String(row["id"]),
    name: row["name"] as string | null,
    ownerId: row["owner_id"] as string | null,
    productId: row["product_id"] as number | null,
    approval: String(row["approval"]),
  };
}
