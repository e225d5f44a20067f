/** Links that act for a device, so that they end with its identity. */
import type { ErrorCondition } from "../amqp-codec/performatives.ts";
import { HubError } from "../hub/errors.ts";
import { identityKey } from "../hub/identity.ts";
import type { RegistryChange } from "../hub/registry.ts";
import { hubErrorCondition } from "./amqp-error.ts";

interface DeviceLink {
  detach(error: ErrorCondition): void;
}

export class DeviceLinks {
  readonly #byDevice = new Map<string, Set<DeviceLink>>();

  add(deviceId: string, link: DeviceLink): void {
    const links = this.#byDevice.get(deviceId);
    if (links === undefined) this.#byDevice.set(deviceId, new Set([link]));
    else links.add(link);
  }

  remove(deviceId: string, link: DeviceLink): void {
    const links = this.#byDevice.get(deviceId);
    links?.delete(link);
    if (links?.size === 0) this.#byDevice.delete(deviceId);
  }

  /** Detaches the links of an identity that was deleted or disabled. */
  follow({ kind, identity }: RegistryChange): void {
    const deviceId = identityKey(identity);
    const links = this.#byDevice.get(deviceId);
    if (links === undefined) return;
    if (kind === "deleted") detachAll(links, new HubError("DeviceNotFound", `Device ${deviceId} was deleted.`));
    else if (identity.status === "disabled") {
      detachAll(links, new HubError("DeviceDisabled", `Device ${deviceId} is disabled.`));
    }
  }
}

function detachAll(links: ReadonlySet<DeviceLink>, error: HubError): void {
  for (const link of links) link.detach(hubErrorCondition(error));
}
