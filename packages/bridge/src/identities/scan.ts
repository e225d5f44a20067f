/**
 * Compares a hub's registry with what is needed of it, page by page. In memory is only what is ours: of others' identities
 * there is a count. A hub of fewer than a thousand identities is read from its registry, which knows each one's generation;
 * a larger one by its query language, which does not.
 */
import type { Result } from "../core/failure.ts";
import { IDENTITY_CLASSES } from "../core/hub-identities.ts";
import type {
  IdentityClass,
  IdentityFacts,
  IdentityHub,
  IdentityScanStore,
  ScannedIdentity,
} from "../core/hub-identities.ts";
import { succeed } from "../core/failure.ts";
import { classOf } from "./classify.ts";
import type { Need, Needs } from "./needs.ts";

const PAGE = 1_000;
const FIRST = 1_000;

export interface ScanOptions {
  readonly hub: Pick<IdentityHub, "firstDevices" | "glance">;
  readonly store: Pick<IdentityScanStore, "identityFacts" | "knownIdentities" | "deviceBriefs" | "haveSent">;
  /** All connections by which the hub is known here. */
  readonly connectionIds: readonly string[];
  readonly needs: Needs;
  readonly signal: AbortSignal;
}

interface InHub {
  readonly hubDeviceId: string;
  readonly status: "enabled" | "disabled";
  readonly generationId: string | null;
}

export class Scan {
  readonly identities: Map<IdentityClass, ScannedIdentity[]> = new Map();
  readonly counts: Record<IdentityClass, number>;
  inHub = 0;
  devices = 0;
  disabled = 0;
  generationsCompared = false;
  readonly #options: ScanOptions;
  /** Ids in the hub that have to do with us, and are judged. */
  readonly #judged = new Set<string>();

  constructor(options: ScanOptions) {
    this.#options = options;
    this.counts = Object.fromEntries(IDENTITY_CLASSES.map((name) => [name, 0])) as Record<IdentityClass, number>;
  }

  /** Ends early, with a value all the same, once the signal aborts. */
  async run(): Promise<Result<null>> {
    const read = await this.#readHub();
    if (!read.ok) return read;
    await this.#readKnown();
    await this.#readDevices();
    return succeed(null);
  }

  async #readHub(): Promise<Result<null>> {
    const { hub, signal } = this.#options;
    const first = await hub.firstDevices();
    if (!first.ok) return first;
    const generations = new Map(first.value.map(({ deviceId, generationId }) => [deviceId, generationId]));
    if (first.value.length < FIRST) {
      this.generationsCompared = true;
      await this.#judgePresent(first.value.map((device) => ({ ...device, hubDeviceId: device.deviceId })));
      return succeed(null);
    }
    let page: string | null = null;
    do {
      const glance: Awaited<ReturnType<IdentityHub["glance"]>> = await hub.glance(page);
      if (!glance.ok) return glance;
      const found = glance.value.twins.map(({ deviceId, status }) => ({
        hubDeviceId: deviceId,
        status,
        generationId: generations.get(deviceId) ?? null,
      }));
      await this.#judgePresent(found);
      page = glance.value.next;
    } while (page !== null && !signal.aborted);
    return succeed(null);
  }

  async #judgePresent(found: readonly InHub[]): Promise<void> {
    const { store, connectionIds, needs } = this.#options;
    const fresh = found.filter(({ hubDeviceId }) => !this.#judged.has(hubDeviceId));
    const asked = fresh.map(({ hubDeviceId }) => ({ hubDeviceId, deviceIds: needs.candidates(hubDeviceId) }));
    const facts = await store.identityFacts(connectionIds, asked);
    this.inHub += fresh.length;
    for (const [i, inHub] of fresh.entries()) {
      const need = needs.needOf(inHub.hubDeviceId, facts[i]!.devices);
      this.#judge(inHub.hubDeviceId, { facts: facts[i]!, need, inHub, hasSent: false });
    }
  }

  /** What is remembered, and is not in the hub. */
  async #readKnown(): Promise<void> {
    const { store, connectionIds, needs, signal } = this.#options;
    for (const connectionId of connectionIds) {
      let after = "";
      while (!signal.aborted) {
        const known = await store.knownIdentities(connectionId, after, PAGE);
        const last = known.at(-1);
        if (last === undefined) break;
        after = last.hubDeviceId;
        const absent = known.filter(({ hubDeviceId }) => !this.#judged.has(hubDeviceId));
        const asked = absent.map(({ hubDeviceId }) => ({ hubDeviceId, deviceIds: needs.candidates(hubDeviceId) }));
        const facts = await store.identityFacts(connectionIds, asked);
        for (const [i, { hubDeviceId }] of absent.entries()) {
          const need = needs.needOf(hubDeviceId, facts[i]!.devices);
          this.#judge(hubDeviceId, { facts: facts[i]!, need, inHub: null, hasSent: true });
        }
      }
    }
  }

  /** What devices need, and nobody has made. */
  async #readDevices(): Promise<void> {
    const { store, connectionIds, needs, signal } = this.#options;
    let after = "";
    while (!signal.aborted) {
      const devices = await store.deviceBriefs(after, PAGE);
      const last = devices.at(-1);
      if (last === undefined) break;
      after = last.id;
      const needed = devices.flatMap((device) => needs.ofDevice(device));
      this.devices += new Set(needed.map(({ device }) => device.id)).size;
      const absent = needed.filter(({ hubDeviceId }) => !this.#judged.has(hubDeviceId));
      const asked = absent.map(({ hubDeviceId }) => ({ hubDeviceId, deviceIds: [] }));
      const facts = await store.identityFacts(connectionIds, asked);
      const pairs = absent.flatMap((need) => need.senders.map((integrationId) => pairOf(need, integrationId)));
      const sent = await store.haveSent(pairs);
      const haveSent = new Set(pairs.flatMap(({ hubDeviceId }, i) => (sent[i] === true ? [hubDeviceId] : [])));
      for (const [i, need] of absent.entries()) {
        const { hubDeviceId } = need;
        this.#judge(hubDeviceId, { facts: facts[i]!, need, inHub: null, hasSent: haveSent.has(hubDeviceId) });
      }
    }
  }

  #judge(
    hubDeviceId: string,
    evidence: {
      readonly facts: IdentityFacts;
      readonly need: Need | null;
      readonly inHub: InHub | null;
      readonly hasSent: boolean;
    },
  ): void {
    const found = classOf(evidence);
    if (found === null) return;
    this.counts[found] += 1;
    if (found === "foreign") return;
    this.#judged.add(hubDeviceId);
    const { facts, need, inHub } = evidence;
    if (inHub?.status === "disabled") this.disabled += 1;
    const list = this.identities.get(found) ?? [];
    if (list.length === 0) this.identities.set(found, list);
    list.push({
      hubDeviceId,
      class: found,
      deviceId: need?.device.id ?? null,
      status: inHub?.status ?? null,
      generationId: facts.known?.generationId ?? null,
    });
  }
}

function pairOf(
  { hubDeviceId, device }: Need,
  integrationId: string,
): { readonly hubDeviceId: string; readonly integrationId: string; readonly deviceId: string } {
  return { hubDeviceId, integrationId, deviceId: device.id };
}
