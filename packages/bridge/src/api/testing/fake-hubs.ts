/** Hubs' meters, scans and plans in memory, for the tests of this folder. */
import { lineKey } from "../../core/delivery-target.ts";
import type { ApplyAnswer, ApplyAsked, PlanReport, ScanReport, ScannedIdentity } from "../../core/hub-identities.ts";
import { IDENTITY_CLASSES, type IdentityClass } from "../../core/hub-identities.ts";
import type { HubFacts, HubLimits, MeteredDay } from "../../core/hub-meter.ts";
import type { Integration } from "../../core/integration.ts";
import type { HubDependencies, HubUsers } from "../hub-dependencies.ts";

export const SCAN = "adas-scan";
export const PLAN = "adas-plan";
const NOTHING = { create: 0, prepare: 0, adopt: 0, forget: 0, delete: 0 };
const NO_COUNTS = Object.fromEntries(IDENTITY_CLASSES.map((name) => [name, 0])) as Record<IdentityClass, number>;

export class FakeHubs implements HubDependencies {
  /** Of every connection. */
  hostName: string = "plant.azure-devices.net";
  facts: Map<string, HubFacts> = new Map();
  day: MeteredDay = { kinds: [], lastHour: { blocks: 0, freeBlocks: 0, firstAt: null } };
  limits: HubLimits | null = null;
  scanned: ScanReport | "full";
  identities: ScannedIdentity[] = [];
  applied: ApplyAnswer;
  readonly asked: ApplyAsked[] = [];
  readonly #integrations: () => Promise<readonly Integration[]>;

  constructor(integrations: () => Promise<readonly Integration[]>, now: () => number) {
    this.#integrations = integrations;
    this.scanned = {
      id: SCAN,
      connectionId: "",
      state: "done",
      startedAt: now(),
      endedAt: now(),
      inHub: 40,
      devices: 3,
      counts: { ...NO_COUNTS, missing: 1, foreign: 39 },
      disabled: 0,
      generationsCompared: true,
      failure: null,
      plan: { ...NOTHING, create: 1 },
      deletesUnasked: 2,
    };
    this.applied = { kind: "started", plan: this.plan };
  }

  get plan(): PlanReport {
    return {
      id: PLAN,
      connectionId: "",
      state: "running",
      planned: { ...NOTHING, create: 1 },
      results: { done: 0, skipped: 0, failed: 0 },
      message: null,
      createdAt: 0,
      endedAt: null,
    };
  }

  hubLimits = async (): Promise<HubLimits | null> => this.limits;

  hubUsers = async (connectionId: string): Promise<HubUsers | null> => {
    const users = (await this.#integrations()).filter((one) => lineKey(one) === connectionId);
    const [first] = users;
    if (first?.type !== "AzureIotHub") return null;
    return { hostName: this.hostName, policyName: first.policyName, scopes: users.map(({ scope }) => scope) };
  };

  hubMeters: HubDependencies["hubMeters"] = {
    meteredDays: async (ids) => ids.map(() => this.day),
    meterPoints: async () => [{ start: 0, blocks: 3, freeBlocks: 20 }],
    hubFacts: async (ids) => ids.map((id) => this.facts.get(id) ?? { name: null, tier: null, units: 1 }),
    setHubFacts: async (id, facts) => void this.facts.set(id, facts),
  };

  hubIdentities: HubDependencies["hubIdentities"] = {
    scan: async () => this.scanned,
    scans: () => (this.scanned === "full" ? [] : [this.scanned]),
    report: (_connection, id) => (this.scanned !== "full" && id === this.scanned.id ? this.scanned : null),
    cancel: (_connection, id) => this.scanned !== "full" && id === this.scanned.id,
    list: (_connection, id, query) =>
      id === SCAN
        ? this.identities.filter((one) => one.class === query.class).slice(query.after, query.after + query.limit)
        : null,
    apply: async (_connection, id, asked) => {
      this.asked.push(asked);
      return id === SCAN ? this.applied : { kind: "unknown" };
    },
    plans: async () => [this.plan],
    planLines: async (_connection, id) =>
      id === PLAN
        ? { plan: this.plan, lines: [{ line: 1, action: "create", hubDeviceId: "d", result: "done", message: null }] }
        : null,
  };
}
