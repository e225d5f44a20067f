/**
 * Looks at one hub through one connection, from the name to the last permission. Each permission is tried by itself, with
 * an identity of the doctor's own that is removed again; no message is sent.
 */
import { randomUUID } from "node:crypto";
import type { DoctorCheckName, DoctorReport } from "../../core/doctor.ts";
import type { Failure } from "../../core/failure.ts";
import type { HubEndpoint, KeyName } from "../../core/hub-client.ts";
import type { HubConnection } from "../../core/integration.ts";
import type { Lookup } from "../../network/address-guard.ts";
import { hubTokens } from "../access-token.ts";
import { classifyRefusal } from "../error-classification.ts";
import type { Occasion } from "../error-classification.ts";
import { readHttpRefusal, type HttpAnswer } from "../http-refusal.ts";
import type { EntraOptions } from "../entra/entra-credential.ts";
import { openEntraTokens } from "../entra/entra-tokens.ts";
import { entraAccess, type RegistryAccess } from "../registry-access.ts";
import { RegistryTransport, type RegistryRequest } from "../registry-transport.ts";
import { skewCheck } from "./clock-check.ts";
import { Findings } from "./findings.ts";
import { tryLink, tryToken } from "./key-check.ts";
import { openTls, resolveHost } from "./network-checks.ts";

export interface DiagnoseOptions {
  readonly endpointOf: (connection: HubConnection) => HubEndpoint | undefined;
  readonly entra?: EntraOptions;
  /** What keeps the connection's line from sending now, if anything. Absent: nothing is sent on it yet. */
  readonly pausedBy?: (connectionId: string) => Failure | null;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** The name server, replaced in tests. */
  readonly resolve?: Lookup;
}

const AFTER_NETWORK: readonly DoctorCheckName[] = [
  "clock",
  "primary_key",
  "registry_read",
  "registry_write",
  "service_connect",
  "device_connect",
  "tier",
  "quota",
];

export async function diagnose(options: DiagnoseOptions, connection: HubConnection): Promise<DoctorReport> {
  const findings = new Findings();
  const endpoint = options.endpointOf(connection);
  if (endpoint === undefined) {
    findings.fail("name_resolution", { code: "hub_unreachable", message: "The Local Hub is not running." });
    findings.skip("The hub is not running.", "https", "amqps", ...AFTER_NETWORK);
    return findings.report();
  }
  return new Examination(options, connection, endpoint, findings).run();
}

class Examination {
  readonly #options: DiagnoseOptions;
  readonly #connection: HubConnection;
  readonly #endpoint: HubEndpoint;
  readonly #findings: Findings;
  readonly #deviceId = `isthmus-doctor-${randomUUID()}`;
  #answer: HttpAnswer | undefined;

  constructor(options: DiagnoseOptions, connection: HubConnection, endpoint: HubEndpoint, findings: Findings) {
    this.#options = options;
    this.#connection = connection;
    this.#endpoint = endpoint;
    this.#findings = findings;
  }

  async run(): Promise<DoctorReport> {
    const reached = await this.#network();
    const { policyKey, entra } = this.#connection;
    if (!reached.https && !reached.amqps) this.#findings.skip("The hub was not reached.", ...AFTER_NETWORK);
    else if (policyKey === "" && entra === null)
      this.#findings.skip("There is no key to try it with.", ...AFTER_NETWORK);
    else await this.#permissions(reached);
    return this.#findings.report();
  }

  async #network(): Promise<{ readonly https: boolean; readonly amqps: boolean }> {
    const { hostName, httpsPort, amqpsPort } = this.#endpoint;
    const way = { endpoint: this.#endpoint, ...(this.#options.resolve && { resolve: this.#options.resolve }) };
    const addresses = await resolveHost(way);
    if (!addresses.ok) {
      this.#findings.fail("name_resolution", addresses.failure);
      this.#findings.skip("The host is not known.", "https", "amqps");
      return { https: false, amqps: false };
    }
    this.#findings.pass("name_resolution", `${hostName} is ${addresses.value.join(", ")}.`);
    const [https, amqps] = await Promise.all([openTls(way, httpsPort), openTls(way, amqpsPort)]);
    for (const [name, found] of [
      ["https", https],
      ["amqps", amqps],
    ] as const) {
      if (found.ok) this.#findings.pass(name, found.value);
      else this.#findings.fail(name, found.failure);
    }
    return { https: https.ok, amqps: amqps.ok };
  }

  async #permissions({ https, amqps }: { readonly https: boolean; readonly amqps: boolean }): Promise<void> {
    const { now, entra: entraOptions = {} } = this.#options;
    const { entra: credential } = this.#connection;
    const entra = credential === null ? null : entraAccess(openEntraTokens(credential, entraOptions, now), now);
    const tokens = this.#tokens();
    const keys = amqps ? await this.#keys(tokens) : new Map<KeyName, Failure | null>();
    const good = ([...keys].find(([, refused]) => refused === null) ?? [])[0];
    // A refused key refuses everything: the permissions are looked at with one that is taken, if there is one.
    const text = tokens.get(good ?? "primary")!;
    const access: RegistryAccess = entra ?? { ask: (_host, ask) => ask(text) };
    const transport = new RegistryTransport({ endpoint: () => this.#endpoint, access: () => access });
    const keyIsGood = entra !== null || good !== undefined;
    try {
      const token = good === undefined ? null : text;
      if (https) await this.#registry(transport, keyIsGood, token);
      else await this.#withoutHttps(token);
      this.#quota();
    } finally {
      await transport.close();
    }
  }

  #tokens(): ReadonlyMap<KeyName, string> {
    const { now } = this.#options;
    const { secondaryKey } = this.#connection;
    const sign = (connection: HubConnection): string => hubTokens(connection, now)(this.#endpoint.hostName).text;
    const tokens = new Map<KeyName, string>([["primary", sign(this.#connection)]]);
    if (secondaryKey !== null) tokens.set("secondary", sign({ ...this.#connection, policyKey: secondaryKey }));
    return tokens;
  }

  async #keys(tokens: ReadonlyMap<KeyName, string>): Promise<ReadonlyMap<KeyName, Failure | null>> {
    const { now } = this.#options;
    const tried = new Map<KeyName, Failure | null>();
    for (const [key, token] of tokens) {
      const failure = await tryToken({ endpoint: this.#endpoint, token, now });
      tried.set(key, failure);
      const name: DoctorCheckName = `${key}_key`;
      if (failure === null) this.#findings.pass(name, `The hub takes the policy's ${key} key.`);
      else this.#findings.fail(name, failure);
    }
    return tried;
  }

  async #registry(transport: RegistryTransport, keyIsGood: boolean, token: string | null): Promise<void> {
    const device = `/devices/${this.#deviceId}`;
    const ask = (occasion: Occasion, request: RegistryRequest): Promise<Failure | null> =>
      this.#ask(transport, occasion, request, keyIsGood);
    const read = await ask("identity", { method: "GET", path: device });
    this.#clock();
    if (this.#connection.entra !== null) {
      const refused = read?.code.startsWith("entra_") === true ? read : null;
      this.#tell("entra", refused, "Microsoft Entra gives tokens, and the hub takes them.");
    }
    this.#tell("registry_read", read, "Identities can be read.");
    const body = { deviceId: this.#deviceId, status: "enabled" };
    const made = await ask("identity", { method: "PUT", path: device, body });
    this.#tell("registry_write", made, "Identities can be made.");
    const path = `/twins/${this.#deviceId}`;
    const patch = { method: "PATCH", path, ifMatch: '"*"', body: TWIN_PATCH } as const;
    const twin = await ask("twin", made === null ? patch : { method: "GET", path });
    const hasNoTwins = twin?.hubCode === "403010" || twin?.hubCode === "OperationNotAvailableInCurrentTier";
    this.#tell("service_connect", hasNoTwins ? null : twin, "Twins can be read and written.");
    await this.#link(token, made === null);
    if (hasNoTwins) this.#findings.tell({ name: "tier", ok: true, message: BASIC });
    else if (twin === null) this.#findings.pass("tier", "The hub's tier has twins.");
    else this.#findings.skip("Whether there are twins cannot be seen.", "tier");
    if (made === null || MAY_BE_MADE.has(made.code)) await this.#remove(ask, made === null);
  }

  async #withoutHttps(token: string | null): Promise<void> {
    const because = "HTTPS does not answer.";
    this.#findings.skip(because, "clock", "registry_read", "registry_write", "service_connect");
    await this.#link(token, false);
    this.#findings.skip(because, "tier");
  }

  async #ask(
    transport: RegistryTransport,
    occasion: Occasion,
    request: RegistryRequest,
    keyIsGood: boolean,
  ): Promise<Failure | null> {
    const answer = await transport.request(request);
    if (!answer.ok) return answer.failure;
    this.#answer = answer.value;
    const { status } = answer.value;
    if (status < 400) return null;
    const failure = classifyRefusal(readHttpRefusal(answer.value), occasion, this.#options.now());
    // What is not there was looked for: the permission is there.
    if (status === 404 && failure.code === "identity_missing") return null;
    if (failure.code !== "key_refused" || !keyIsGood) return failure;
    return { ...failure, code: "permission_missing", message: "The key is right; the policy lacks this permission." };
  }

  async #link(token: string | null, exists: boolean): Promise<void> {
    if (token === null) return this.#findings.skip("No key of the policy is taken.", "device_connect");
    const failure = await tryLink({ endpoint: this.#endpoint, token, now: this.#options.now }, this.#deviceId);
    // Without an identity the hub looks at the permission first, and then misses the device.
    const expected = !exists && failure?.code === "identity_missing";
    this.#tell("device_connect", expected ? null : failure, "Links of devices can be opened.");
  }

  #clock(): void {
    const date = this.#answer?.headers["date"];
    this.#findings.tell(skewCheck(typeof date === "string" ? date : undefined, this.#options.now()));
  }

  #quota(): void {
    const { pausedBy } = this.#options;
    if (pausedBy === undefined) return this.#findings.skip("Nothing has been sent to it yet.", "quota");
    const failure = pausedBy(this.#connection.id);
    if (failure?.code === "quota_exceeded" || failure?.code === "throttled") this.#findings.fail("quota", failure);
    else this.#findings.pass("quota", "The hub has not refused messages for its daily quota or rate.");
  }

  async #remove(
    ask: (occasion: Occasion, request: RegistryRequest) => Promise<Failure | null>,
    known: boolean,
  ): Promise<void> {
    const request: RegistryRequest = { method: "DELETE", path: `/devices/${this.#deviceId}`, ifMatch: '"*"' };
    const failure = (await ask("identity", request)) && (await ask("identity", request));
    if (failure === null || !known) return;
    const message = `The identity ${this.#deviceId} of this check could not be removed again: ${failure.message}`;
    this.#findings.fail("cleanup", { ...failure, message });
  }

  #tell(name: DoctorCheckName, failure: Failure | null, message: string): void {
    if (failure === null) this.#findings.pass(name, message);
    else this.#findings.fail(name, failure);
  }
}

/** Failures of a creation that do not say whether the identity is there now. */
const MAY_BE_MADE: ReadonlySet<string> = new Set(["hub_unreachable", "hub_error", "outcome_unknown"]);
const TWIN_PATCH = { properties: { desired: { deviceName: "isthmus-doctor" } } };
const BASIC = "A Basic tier: messages go, but there are no twins, so names are not written.";
