/**
 * The promises of delivery, watched while a simulation runs. Everything is judged from what the store holds and what
 * reached the hub, not from what the dispatcher believes.
 */
import type { Settlement } from "../../core/delivery.ts";
import { FAILURES, type FailureCode, type Outcome } from "../../core/failure.ts";
import type { HubMessage } from "../../core/hub-client.ts";
import type { ModelStore, StoredDelivery } from "./model-store.ts";

export class Promises {
  readonly broken: string[] = [];
  sends = 0;
  arrivals = 0;
  readonly #store: () => ModelStore;
  readonly #underWay = new Map<string, number>();
  readonly #bodies = new Map<string, string>();
  readonly #arrived = new Map<string, number>();
  readonly #toldDelivered = new Set<string>();
  readonly #refusals = new Map<string, Set<FailureCode>>();
  readonly #paused = new Set<string>();

  constructor(store: () => ModelStore) {
    this.#store = store;
  }

  breach(text: string): void {
    if (this.broken.length < 20) this.broken.push(text);
  }

  /** A message leaves the bridge. `process` counts the bridge's lives. */
  onSend(process: number, integrationId: string, deviceId: string, message: HubMessage): void {
    this.sends += 1;
    const delivery = this.#delivery(integrationId, deviceId, message);
    if (delivery === undefined) return this.breach(`A message was sent that nobody accepted: ${message.messageId}`);
    const name = nameOf(delivery);
    const lane = `${integrationId} ${deviceId}`;
    if (this.#underWay.get(lane) === process) this.breach(`${name}: two sends under way in one lane`);
    this.#underWay.set(lane, process);
    if (delivery.state !== "pending" && delivery.state !== "expired") {
      this.breach(`${name}: sent although it is ${delivery.state}`);
    }
    if (this.#toldDelivered.has(`${process} ${name}`)) this.breach(`${name}: sent again without a fault`);
    if (message.messageId !== delivery.pending.event.id) this.breach(`${name}: not its message id`);
    const body = Buffer.from(message.body).toString("utf8");
    if ((this.#bodies.get(name) ?? body) !== body) this.breach(`${name}: a resend with another body`);
    this.#bodies.set(name, body);
  }

  onArrived(integrationId: string, deviceId: string, message: HubMessage): void {
    this.arrivals += 1;
    const delivery = this.#delivery(integrationId, deviceId, message);
    if (delivery === undefined) return;
    const name = nameOf(delivery);
    const times = this.#arrived.get(name) ?? 0;
    this.#arrived.set(name, times + 1);
    if (times > 0) return;
    for (const earlier of this.#store().lane(integrationId, deviceId)) {
      if (earlier.pending.seq >= delivery.pending.seq) break;
      if (earlier.state !== "pending" || earlier.wasParked || this.#arrived.has(nameOf(earlier))) continue;
      this.breach(`${name}: arrived before ${nameOf(earlier)}`);
    }
  }

  onOutcome(process: number, integrationId: string, deviceId: string, message: HubMessage, outcome: Outcome): void {
    const lane = `${integrationId} ${deviceId}`;
    if (this.#underWay.get(lane) === process) this.#underWay.delete(lane);
    const delivery = this.#delivery(integrationId, deviceId, message);
    if (delivery === undefined) return;
    const name = nameOf(delivery);
    if (outcome.kind === "delivered") this.#toldDelivered.add(`${process} ${name}`);
    else this.#refusalsOf(name).add(outcome.failure.code);
  }

  onSettled(settlement: Settlement, delivery: StoredDelivery): void {
    const name = nameOf(delivery);
    if (settlement.kind === "delivered") {
      if (!this.#arrived.has(name)) this.breach(`${name}: settled as delivered, but it never arrived`);
      return;
    }
    const { code } = settlement.failure;
    const { scope, verdict } = FAILURES[code];
    if (settlement.kind === "held") {
      if (scope !== "hub") this.breach(`${name}: ${code} held it, which concerns no hub`);
      return;
    }
    if (settlement.kind === "parked") {
      if (verdict !== "refused") this.breach(`${name}: parked for ${code}, which is not for good`);
      if (!this.#refusalsOf(name).has(code)) this.breach(`${name}: parked for ${code}, which the hub did not say`);
      return;
    }
    if (scope !== "device") this.breach(`${name}: ${code} has cost an attempt`);
    // What fails before the message itself is tried counts nothing.
    if (![0, 1].includes(settlement.attempts - delivery.attempts)) this.breach(`${name}: attempts miscounted`);
  }

  /** The log's word on a hub's gate: it closes once and opens once, in turn. */
  onGate(hub: string, paused: boolean): void {
    if (paused === this.#paused.has(hub)) this.breach(`${hub}: ${paused ? "paused" : "resumed"} twice in a row`);
    if (paused) this.#paused.add(hub);
    else this.#paused.delete(hub);
  }

  /** A new life of the bridge knows of no closed gates. */
  onRestart(): void {
    this.#paused.clear();
  }

  /** When all is quiet: everything has ended, and for a reason. */
  atRest(integrationIds: readonly string[]): void {
    for (const delivery of this.#store().deliveries) {
      const name = nameOf(delivery);
      if (delivery.state === "pending") this.breach(`${name}: forgotten`);
      if (delivery.state === "delivered" && !this.#arrived.has(name)) this.breach(`${name}: lost`);
    }
    for (const id of integrationIds) {
      const { accepted, delivered, pending, parked, expired, erased } = this.#store().ledger(id);
      if (accepted !== delivered + pending + parked + expired + erased) this.breach(`${id}: the ledger does not close`);
    }
  }

  arrivedTimes(delivery: StoredDelivery): number {
    return this.#arrived.get(nameOf(delivery)) ?? 0;
  }

  #delivery(integrationId: string, deviceId: string, { properties }: HubMessage): StoredDelivery | undefined {
    return this.#store().lane(integrationId, deviceId)[Number(properties["seq"]) - 1];
  }

  #refusalsOf(name: string): Set<FailureCode> {
    let codes = this.#refusals.get(name);
    if (codes === undefined) this.#refusals.set(name, (codes = new Set()));
    return codes;
  }
}

function nameOf({ pending: { integrationId, seq, event } }: StoredDelivery): string {
  return `${integrationId}/${event.deviceId}/${seq}`;
}
