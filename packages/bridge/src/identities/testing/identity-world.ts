/** A hub, a store and devices in memory, as scans and plans see them. */
import { fail, succeed } from "../../core/failure.ts";
import type {
  DeviceBrief,
  IdentityFacts,
  IdentityHub,
  IdentityScanStore,
  PlanLine,
  PlanReport,
} from "../../core/hub-identities.ts";
import type { IdentityOrigin, KnownIdentity } from "../../core/identities.ts";
import { AZURE_IOT_HUB_DEFAULTS, type AzureIotHubIntegration } from "../../core/integration.ts";
import type { HubDevice } from "../../core/twin-hub.ts";
import { needsOf, type Needs } from "../needs.ts";

/** What one id is like, in the hub and here. */
export interface Inhabitant {
  readonly inHub: boolean;
  readonly known: IdentityOrigin | "unknown" | null;
  readonly remade: boolean;
  readonly device: "none" | "approved" | "quarantined";
  readonly sent: boolean;
  readonly state: boolean;
  readonly disabled: boolean;
}

interface Oddities {
  /** The hub has more identities than its registry lists at once. */
  readonly isLarge?: boolean;
  /** It answers so many pages, and then no more. */
  readonly breaksAfter?: number;
}

interface Known {
  readonly generationId: string;
  readonly origin: IdentityOrigin | null;
}

const PAGE = 7;

/** 24 hex digits that name the number. */
export function deviceId(n: number): string {
  return n.toString(16).padStart(24, "0");
}

export class IdentityWorld {
  readonly known: Map<string, Known> = new Map();
  readonly changed: string[] = [];
  hub: IdentityHub;
  readonly store: IdentityScanStore;
  readonly #people: readonly Inhabitant[];
  readonly #inHub: Map<string, HubDevice> = new Map();
  readonly #devices: Map<string, DeviceBrief> = new Map();
  readonly #plans: PlanReport[] = [];
  readonly #lines: PlanLine[] = [];
  #generations = 0;

  constructor(people: readonly Inhabitant[], oddities: Oddities) {
    this.#people = people;
    for (const [i, one] of people.entries()) this.#settle(deviceId(i), one);
    this.hub = this.#hub(oddities);
    this.store = this.#store();
  }

  /** Generations by id, as the hub has them. */
  snapshot(): ReadonlyMap<string, string> {
    return new Map([...this.#inHub].map(([id, { generationId }]) => [id, generationId]));
  }

  needs(): Needs {
    const integration: AzureIotHubIntegration = {
      ...AZURE_IOT_HUB_DEFAULTS,
      type: "AzureIotHub",
      id: "i1",
      scope: { kind: "product", productId: 7 },
      event: "t",
      deviceId: null,
      name: "n",
      disabled: false,
      dailyCap: null,
      createdAt: 0,
      updatedAt: 0,
      hubName: "plant",
      policyName: "p",
      connectionId: "c1",
    };
    return needsOf([integration]);
  }

  /** The device comes back. */
  adopt(id: string): void {
    this.#devices.set(id, { id, name: null, ownerId: null, productId: 7, approval: "approved" });
  }

  /** Somebody else deletes it and makes it anew. */
  remake(id: string): void {
    this.#make(id, "enabled");
  }

  saveIdentity = async (_connectionId: string, id: string, identity: KnownIdentity): Promise<void> => {
    const { generationId, origin = null } = identity;
    const former = this.known.get(id);
    const kept = former?.generationId === generationId ? (former.origin ?? origin) : origin;
    this.known.set(id, { generationId, origin: kept });
  };

  #settle(id: string, { inHub, known, remade, device, disabled }: Inhabitant): void {
    const generationId = inHub ? this.#make(id, disabled ? "disabled" : "enabled") : "gone";
    const remembered = remade ? "former" : generationId;
    if (known !== null) this.known.set(id, { generationId: remembered, origin: known === "unknown" ? null : known });
    if (device !== "none") this.#devices.set(id, { id, name: "d", ownerId: null, productId: 7, approval: device });
  }

  #make(id: string, status: "enabled" | "disabled"): string {
    const generationId = `g${(this.#generations += 1)}`;
    this.#inHub.set(id, { deviceId: id, generationId, status, connectionState: "disconnected", lastActivity: null });
    return generationId;
  }

  #hub({ isLarge = false, breaksAfter = Infinity }: Oddities): IdentityHub {
    const many = Array.from({ length: 1_000 }, () => ({ ...NOBODY }));
    return {
      firstDevices: async () => succeed(isLarge ? many : [...this.#inHub.values()]),
      glance: async (page) => {
        const start = page === null ? 0 : Number(page);
        if (start / PAGE >= breaksAfter) return fail("hub_unreachable", "The hub does not answer.");
        const rows = [...this.#inHub.values()].slice(start, start + PAGE);
        const next = start + PAGE < this.#inHub.size ? String(start + PAGE) : null;
        return succeed({ twins: rows.map((row) => ({ ...row, etag: "e", version: 1 })), next });
      },
      device: async (id) => succeed(this.#inHub.get(id) ?? null),
      createDevice: async (id) => succeed(this.#inHub.has(id) ? "exists" : { generationId: this.#make(id, "enabled") }),
      deleteGeneration: async (id, generationId) => {
        const found = this.#inHub.get(id);
        if (found === undefined) return succeed("absent");
        if (found.generationId !== generationId) return succeed("changed");
        this.#inHub.delete(id);
        return succeed("deleted");
      },
      writeName: async () => succeed(null),
    };
  }

  #factsOf(id: string, deviceIds: readonly string[]): IdentityFacts {
    const known = this.known.get(id);
    return {
      known: known === undefined ? null : { connectionId: "c1", ...known },
      isElsewhere: this.#people[Number.parseInt(id, 16)]?.state ?? false,
      devices: deviceIds.flatMap((one) => this.#devices.get(one) ?? []),
    };
  }

  #store(): IdentityScanStore {
    const after = <T>(entries: Iterable<readonly [string, T]>, from: string): (readonly [string, T])[] =>
      [...entries]
        .filter(([id]) => id > from)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, PAGE);
    return {
      identityFacts: async (_ids, asked) =>
        asked.map(({ hubDeviceId, deviceIds }) => this.#factsOf(hubDeviceId, deviceIds)),
      knownIdentities: async (_id, from) =>
        after(this.known, from).map(([hubDeviceId, one]) => ({ hubDeviceId, ...one })),
      deviceBriefs: async (from) => after(this.#devices, from).map(([, device]) => device),
      haveSent: async (pairs) => pairs.map(({ deviceId: id }) => this.#people[Number.parseInt(id, 16)]?.sent ?? false),
      forgetIdentity: async (_id, hubDeviceId) => void this.known.delete(hubDeviceId),
      startPlan: async (plan) => void this.#plans.unshift(plan),
      continuePlan: async (plan, lines) => {
        const at = this.#plans.findIndex(({ id }) => id === plan.id);
        this.#plans[at] = plan;
        this.#lines.push(...lines);
      },
      plans: async () => this.#plans,
      planLines: async (_id, from, limit) => this.#lines.filter(({ line }) => line > from).slice(0, limit),
    };
  }
}

const NOBODY: HubDevice = {
  deviceId: "nobody",
  generationId: "",
  status: "enabled",
  connectionState: "disconnected",
  lastActivity: null,
};
