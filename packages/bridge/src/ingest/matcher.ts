/** Finds the integrations that take an event. Sorted by scope once per change, so that an event looks only at its own. */
import type { Device } from "../core/device.ts";
import type { Integration } from "../core/integration.ts";
import { mismatch } from "../core/matching.ts";

const NONE: readonly string[] = [];

export class Matcher {
  #byScope = new Map<string, Integration[]>();

  /** Replaces all integrations. */
  load(integrations: readonly Integration[]): void {
    const byScope = new Map<string, Integration[]>();
    for (const integration of integrations) {
      const { scope } = integration;
      const key = scope.kind === "product" ? `product ${scope.productId}` : `sandbox ${scope.accountId}`;
      const list = byScope.get(key);
      if (list === undefined) byScope.set(key, [integration]);
      else list.push(integration);
    }
    this.#byScope = byScope;
  }

  /** Ids of the integrations that take this event. */
  match(eventName: string, device: Device | null): readonly string[] {
    if (device === null) return NONE;
    const found: string[] = [];
    if (device.productId !== null) this.#collect(`product ${device.productId}`, eventName, device, found);
    if (device.ownerId !== null) this.#collect(`sandbox ${device.ownerId}`, eventName, device, found);
    return found;
  }

  #collect(scope: string, eventName: string, device: Device, found: string[]): void {
    for (const integration of this.#byScope.get(scope) ?? []) {
      if (mismatch(integration, eventName, device) === null) found.push(integration.id);
    }
  }
}
