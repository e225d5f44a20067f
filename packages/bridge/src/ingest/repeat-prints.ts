/** Short hashes of what publishers call their events: within a device, or a product, so that nobody hides another's event. */
import { createHash } from "node:crypto";
import type { IncomingEvent } from "../core/accept.ts";

/** One print for each name that the event may come again under; none when the publisher gives it none. */
export function repeatPrints({ dedupeKey, device, productId, accountId }: IncomingEvent): readonly string[] {
  if (dedupeKey === undefined) return [];
  // Owner and product belong to it: who had the device before leaves no names behind.
  const scope =
    device === null
      ? ["", accountId ?? "", productId ?? ""]
      : [device.id, device.ownerId ?? "", device.productId ?? ""];
  const keys = typeof dedupeKey === "string" ? [dedupeKey] : dedupeKey;
  return keys.map((key) =>
    createHash("sha256")
      .update(JSON.stringify([...scope, key]))
      .digest("base64url")
      .slice(0, 22),
  );
}
