/** The port to looking for devices over several scopes at once, page by page. Kept by `store/`. */
import type { Approval, Device } from "./device.ts";
import type { Scope } from "./integration.ts";

export type DeviceOrder = "id" | "name" | "last_heard";

export interface DeviceFilter {
  readonly scopes: readonly Scope[];
  /** Somewhere in id, name or serial number; letter case of ASCII letters does not count. A whole id finds that device alone. */
  readonly text: string | null;
  readonly approval: Approval | null;
  readonly kind: "device" | "thing" | null;
}

/** Where a page ends: what the last device is ordered by, and its id. `key` is `null` for one that has none, as those without a name. */
export interface DevicePlace {
  readonly key: string | number | null;
  readonly id: string;
}

export interface DeviceSearchQuery extends DeviceFilter {
  /** Devices without a name, and those never heard, come last either way. */
  readonly sort: DeviceOrder;
  readonly descending: boolean;
  readonly limit: number;
  readonly after: DevicePlace | null;
}

export interface DeviceSearch {
  /** A device of several scopes is found once. Looks at many devices in short steps, so that events are stored in between. */
  searchDevices(
    query: DeviceSearchQuery,
  ): Promise<{ readonly devices: readonly Device[]; readonly next: DevicePlace | null }>;
  /** How many there are. `null`: a text is looked for, and counting all that has it would cost too much. */
  countDevices(filter: DeviceFilter): Promise<number | null>;
}

/** A search that would look at too many devices was given up. */
export class ListTooCostly extends Error {
  readonly code = "search_too_costly";

  constructor() {
    super("The search looks at too many devices: name a product, or search by more of the id.");
  }
}
