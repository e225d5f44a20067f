/**
 * Does what a plan says, one identity after the other. Much may have happened since the scan: each one is looked at anew, and
 * whatever is not as it was is left alone.
 */
import { FAILURES, type Failure, type Result } from "../core/failure.ts";
import type { Identities, IdentityOrigin } from "../core/identities.ts";
import type {
  IdentityAction,
  IdentityFacts,
  IdentityHub,
  IdentityScanStore,
  LineResult,
  ScannedIdentity,
} from "../core/hub-identities.ts";
import type { Need, Needs } from "./needs.ts";

export interface ApplyOptions {
  readonly connectionId: string;
  readonly connectionIds: readonly string[];
  readonly hub: IdentityHub;
  readonly store: Pick<IdentityScanStore, "identityFacts" | "forgetIdentity">;
  readonly identities: Pick<Identities, "saveIdentity">;
  /** As they are at this moment. */
  readonly needs: () => Promise<Needs>;
  /** What is kept of the identity has changed. */
  readonly onChanged: (connectionId: string, hubDeviceId: string) => void;
}

export interface Applied {
  readonly result: LineResult;
  readonly message: string | null;
  /** The hub as a whole is in trouble: nothing more is to be tried. */
  readonly failure: Failure | null;
}

interface Moment {
  readonly facts: IdentityFacts;
  readonly need: Need | null;
}

export async function applyOne(
  options: ApplyOptions,
  action: IdentityAction,
  identity: ScannedIdentity,
): Promise<Applied> {
  const { store, connectionIds } = options;
  const needs = await options.needs();
  const { hubDeviceId } = identity;
  const asked = { hubDeviceId, deviceIds: needs.candidates(hubDeviceId) };
  const [facts] = await store.identityFacts(connectionIds, [asked]);
  if (facts === undefined || facts.isElsewhere) return skipped("Something else has to do with it by now.");
  const moment = { facts, need: needs.needOf(hubDeviceId, facts.devices) };
  const applied = await ACTIONS[action](options, identity, moment);
  options.onChanged(facts.known?.connectionId ?? options.connectionId, hubDeviceId);
  return applied;
}

type Action = (options: ApplyOptions, identity: ScannedIdentity, moment: Moment) => Promise<Applied>;

const ACTIONS: Readonly<Record<IdentityAction, Action>> = {
  create,
  prepare: create,
  adopt,
  forget,
  delete: remove,
};

async function create(options: ApplyOptions, identity: ScannedIdentity, { facts, need }: Moment): Promise<Applied> {
  if (need === null || need.senders.length === 0) return skipped("No integration needs it any more.");
  const { hub, identities, connectionId } = options;
  const { hubDeviceId } = identity;
  const made = await hub.createDevice(hubDeviceId);
  if (!made.ok) return failed(made);
  if (made.value === "exists") return adopt(options, identity, { facts, need });
  const { generationId } = made.value;
  await identities.saveIdentity(connectionId, hubDeviceId, { generationId, nameWritten: null, origin: "made" });
  const { name } = need.device;
  if (name === null) return done("Made.");
  const named = await hub.writeName(hubDeviceId, name);
  // The first message of the device writes it, then.
  if (!named.ok) return done(`Made; its name is not in the twin yet: ${named.failure.message}`);
  await identities.saveIdentity(connectionId, hubDeviceId, { generationId, nameWritten: name, origin: "made" });
  return done("Made, with its name in the twin.");
}

async function adopt(
  options: ApplyOptions,
  { hubDeviceId }: ScannedIdentity,
  { facts: { known }, need }: Moment,
): Promise<Applied> {
  if (need === null) return skipped("No integration needs it any more.");
  const { hub, identities, connectionId } = options;
  const found = await hub.device(hubDeviceId);
  if (!found.ok) return failed(found);
  if (found.value === null) return skipped("It is gone from the hub by now.");
  const { generationId, status } = found.value;
  // Its first message was quicker, or the plan is applied once more.
  if (known?.generationId === generationId && known.origin !== null) return done(THERE_ALREADY[known.origin]);
  await identities.saveIdentity(connectionId, hubDeviceId, { generationId, nameWritten: null, origin: "adopted" });
  return done(status === "disabled" ? "Adopted; it is disabled in the hub." : "Adopted.");
}

async function forget(options: ApplyOptions, identity: ScannedIdentity, { facts, need }: Moment): Promise<Applied> {
  if (need !== null) return skipped("An integration needs it again.");
  if (facts.known === null) return done("Forgotten already.");
  if (identity.class === "gone") {
    const found = await options.hub.device(identity.hubDeviceId);
    if (!found.ok) return failed(found);
    if (found.value !== null) return skipped("It is in the hub after all.");
  }
  await options.store.forgetIdentity(facts.known.connectionId, identity.hubDeviceId);
  return done("Forgotten here; the hub keeps what it has.");
}

/** Only what was made here, is as it was made, and nobody needs at this moment. */
async function remove(options: ApplyOptions, identity: ScannedIdentity, { facts, need }: Moment): Promise<Applied> {
  const { known } = facts;
  if (need !== null) return skipped("An integration needs it again.");
  if (known === null) return skipped("It is not remembered as made here any more.");
  if (known.origin !== "made" || known.generationId !== identity.generationId)
    return skipped("It is not the identity that was made here.");
  const removed = await options.hub.deleteGeneration(identity.hubDeviceId, known.generationId);
  if (!removed.ok) return failed(removed);
  if (removed.value === "changed") return notOurs(options, identity, known);
  await options.store.forgetIdentity(known.connectionId, identity.hubDeviceId);
  return done(removed.value === "absent" ? "It was gone already." : "Deleted in the hub.");
}

/** Made anew by somebody else, it is theirs: it is not remembered as made here any longer. */
async function notOurs(
  { hub, store }: ApplyOptions,
  { hubDeviceId }: ScannedIdentity,
  known: NonNullable<IdentityFacts["known"]>,
): Promise<Applied> {
  const found = await hub.device(hubDeviceId);
  const isAnother = found.ok && found.value !== null && found.value.generationId !== known.generationId;
  if (isAnother) await store.forgetIdentity(known.connectionId, hubDeviceId);
  return skipped("Somebody has made or changed it anew: it stays.");
}

const THERE_ALREADY: Readonly<Record<IdentityOrigin, string>> = {
  made: "It is in the hub already, made by this server.",
  adopted: "Adopted already.",
};

function done(message: string): Applied {
  return { result: "done", message, failure: null };
}

function skipped(message: string): Applied {
  return { result: "skipped", message, failure: null };
}

function failed({ failure }: Extract<Result<unknown>, { ok: false }>): Applied {
  const isOfHub = FAILURES[failure.code].scope === "hub";
  return { result: "failed", message: failure.message, failure: isOfHub ? failure : null };
}
