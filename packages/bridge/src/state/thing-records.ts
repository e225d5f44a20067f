/** What is kept and shown of a Thing, made of what clients send and of what the hub answers. Pure. */
import type { HubStanding } from "../core/device-state.ts";
import type { JsonObject } from "../core/json.ts";
import type { DeviceDetails, NewThing, Thing, ThingChange } from "../core/thing.ts";
import type { HubDevice, HubDeviceWithKeys } from "../core/twin-hub.ts";

/** What hubs write for "never". */
const NEVER = "0001-01-01T00:00:00Z";

interface Newborn {
  readonly id: string;
  readonly productId: number;
  readonly input: NewThing;
  /** Unix milliseconds. */
  readonly now: number;
}

export function newThing({ id, productId, input, now }: Newborn): Omit<Thing, "docId" | "revision"> {
  return {
    id,
    productId,
    name: input.name ?? `ParaObject ${id}`,
    serviceBroker: "Azure",
    timestamp: input.timestamp ?? now,
    updated: null,
    creatorId: input.creatorId,
    parentId: input.parentId,
    tags: input.tags,
    votes: input.votes,
    version: input.version,
    stored: input.stored,
    indexed: input.indexed,
    cached: input.cached,
    properties: withoutNull(input.properties),
  };
}

/** As the next revision. A version above 0 counts the changes. */
export function changedThing(thing: Thing, change: ThingChange, now: number): Thing {
  return {
    ...thing,
    name: change.name ?? thing.name,
    tags: change.tags ?? thing.tags,
    votes: change.votes ?? thing.votes,
    stored: change.stored ?? thing.stored,
    indexed: change.indexed ?? thing.indexed,
    cached: change.cached ?? thing.cached,
    properties: withoutNull({ ...thing.properties, ...change.properties }),
    updated: now,
    version: thing.version > 0 ? thing.version + 1 : (change.version ?? 0),
    revision: thing.revision + 1,
  };
}

function withoutNull(properties: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== null));
}

export function standingOf({ generationId, status, connectionState, lastActivity }: HubDevice): HubStanding {
  return { generationId, status, connectionState, lastActivity, missingSince: null };
}

export function deviceDetails(device: HubDeviceWithKeys, { id, name }: Pick<Thing, "id" | "name">): DeviceDetails {
  const { primaryKey, secondaryKey, status, lastActivity, connectionState, connectionString } = device;
  return {
    thingId: id,
    thingName: name,
    primaryKey,
    secondaryKey,
    status,
    lastActivity: lastActivity === null ? NEVER : new Date(lastActivity).toISOString(),
    connectionState,
    connectionString,
  };
}
