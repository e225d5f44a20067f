/**
 * The links of one connection that act for devices and modules. To the hub the links of an identity are one connection
 * of it: the first one opens it, and when the hub ends it (the identity came by another connection, was deleted or
 * disabled) they all end, while links of other identities stay.
 */
import type { ErrorCondition } from "../../amqp-codec/performatives.ts";
import type { OpenConnection } from "../../hub/connections/connections.ts";
import type { HubError } from "../../hub/errors.ts";
import type { Hub } from "../../hub/hub.ts";
import { type DeviceIdentity, identityKey, type IdentityRef } from "../../hub/registry/identity.ts";
import { AmqpError, errorCondition } from "../amqp-error.ts";
import type { Grant } from "../security/credentials.ts";
import type { IncomingLink } from "../links/incoming-link.ts";
import type { IncomingNode, OutgoingNode } from "../links/link.ts";
import type { OutgoingLink } from "../links/outgoing-link.ts";

/** What a link is for; directions are those of the messages. */
export type DeviceLinkKind =
  | "telemetry"
  | "cloudToDevice"
  | "twinRequests"
  | "twinResponses"
  | "methodRequests"
  | "methodResponses";

/** Of these an identity has one at a time; a device may send on as many links as it likes. */
const SINGLE: ReadonlySet<DeviceLinkKind> = new Set([
  "cloudToDevice",
  "twinRequests",
  "twinResponses",
  "methodRequests",
  "methodResponses",
]);

export interface DeviceLink {
  readonly kind: DeviceLinkKind;
  readonly link: IncomingLink | OutgoingLink;
  readonly node: IncomingNode | OutgoingNode;
  /** The token it lives by. */
  readonly grant: Grant;
}

/** A link's place among those of its identity. */
export interface DeviceLinkPlace {
  /** Something was sent or asked for. Called for every message. */
  active(): void;
  /** The identity's link of another kind on this connection. */
  find(kind: DeviceLinkKind): DeviceLink | undefined;
  /** The link is gone. */
  leave(): void;
}

export class DeviceLinks {
  readonly #hub: Hub;
  readonly #identities = new Map<string, AttachedIdentity>();

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** A link of an identity was attached. It takes the place of one of the same name, or of the same kind where one is all there may be. */
  join(identity: DeviceIdentity, entry: DeviceLink): DeviceLinkPlace {
    const key = identityKey(identity);
    let attached = this.#identities.get(key);
    if (attached === undefined) {
      attached = new AttachedIdentity();
      this.#identities.set(key, attached);
      attached.open(this.#hub, identity, entry.grant);
    }
    const place = attached;
    place.add(entry);
    return {
      active: () => place.connection?.active(),
      find: (kind) => place.find(kind),
      leave: () => {
        place.remove(entry);
        if (!place.empty) return;
        if (this.#identities.get(key) === place) this.#identities.delete(key);
        place.connection?.closed();
      },
    };
  }

  /** Whether an identity has a link on this connection. */
  has(ref: IdentityRef): boolean {
    return this.#identities.has(identityKey(ref));
  }
}

class AttachedIdentity {
  readonly links = new Set<DeviceLink>();
  connection: OpenConnection | undefined;

  get empty(): boolean {
    return this.links.size === 0;
  }

  open(hub: Hub, identity: DeviceIdentity, first: Grant): void {
    const { links } = this;
    // Admitted or refused: an attach cannot wait for its turn.
    void hub.limits.spend("connect");
    this.connection = hub.connections.open(identity, {
      protocol: "amqp",
      get principal() {
        for (const { grant } of links) return grant.principal;
        return first.principal;
      },
      close: (reason) => this.end(reason),
    });
  }

  add(entry: DeviceLink): void {
    for (const other of this.links) {
      if (displaces(entry, other)) other.link.detach(stolen(entry.link.name));
    }
    this.links.add(entry);
    entry.grant.dependents.add(entry.link);
    this.connection?.active();
  }

  remove(entry: DeviceLink): void {
    this.links.delete(entry);
    entry.grant.dependents.delete(entry.link);
  }

  find(kind: DeviceLinkKind): DeviceLink | undefined {
    for (const entry of this.links) if (entry.kind === kind) return entry;
    return undefined;
  }

  end(reason: HubError): void {
    for (const { link } of this.links) link.detach(errorCondition(reason));
  }
}

// [AMQP part 2, 2.6.1] The name is a link's identity between two containers: attached again it is the same link.
function displaces(newer: DeviceLink, older: DeviceLink): boolean {
  if (newer.kind !== older.kind) return false;
  return SINGLE.has(newer.kind) || newer.link.name === older.link.name;
}

function stolen(name: string): ErrorCondition {
  return new AmqpError("link", "amqp:link:stolen", `The link ${name.slice(0, 128)} took the place of this one.`)
    .condition;
}
