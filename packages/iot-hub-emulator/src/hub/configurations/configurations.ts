/** Automatic configurations: what is registered here is applied to the devices and modules of its target condition. */
import { randomInt } from "node:crypto";
import type { HubClock } from "../clock/clock.ts";
import { HubError, asHubError } from "../errors.ts";
import { requireDeviceId, requireObject } from "../registry/identity-fields.ts";
import { refOf } from "../registry/identity.ts";
import type { IdentityRef } from "../registry/identity.ts";
import type { Journal } from "../journal/journal.ts";
import type { Query } from "../query/query.ts";
import { parseTarget } from "../query/target.ts";
import { preconditionFailed, requireMatch } from "../registry/registry.ts";
import type { Registry, RegistryChange } from "../registry/registry.ts";
import type { JsonObject } from "../twins/twin.ts";
import type { Twins } from "../twins/twins.ts";
import { formatConfiguration } from "./configuration.ts";
import type { Configuration, MetricResults } from "./configuration.ts";
import {
  parseConfigurationFields,
  parseContent,
  requireConfigurationId,
  requireMetricQuery,
} from "./configuration-fields.ts";
import { isSame, keysOf, patchBetween, withValue } from "./content.ts";
import type { Rollout } from "./rollout.ts";

export interface ConfigurationsParts {
  readonly journal: Journal;
  readonly clock: HubClock;
  readonly query: Query;
  readonly registry: Registry;
  readonly twins: Twins;
  readonly rollout: Rollout;
}

/** A configuration with its etag, as services read it. */
export interface ConfigurationDocument extends JsonObject {
  readonly etag: string;
}

const PREFIX = "configuration/";
const MAX_CONFIGURATIONS = 100;
/** How often all devices are looked at again: some values in conditions, as last activity, change without notice. */
const SWEEP_MS = 5 * 60_000;

export class Configurations {
  readonly #parts: ConfigurationsParts;
  readonly #byId = new Map<string, Configuration>();
  #unfollow: (() => void) | undefined;

  constructor(parts: ConfigurationsParts) {
    this.#parts = parts;
    for (const [key, value] of parts.journal.entries) {
      if (key.startsWith(PREFIX)) this.#byId.set(key.slice(PREFIX.length), value as Configuration);
    }
    parts.registry.onChange((change) => this.#follow(change));
    parts.clock.onJump(() => parts.rollout.sweep());
    // Only when the hub is complete: its constructor must not write twins.
    queueMicrotask(() => this.#roll());
    this.#sweepLater();
  }

  /** Throws `ConfigurationNotFound`. */
  async get(id: string): Promise<ConfigurationDocument> {
    return this.#format(this.#find(id));
  }

  /** The first `top` configurations in the order of their creation. */
  async list(top: number = MAX_CONFIGURATIONS): Promise<readonly ConfigurationDocument[]> {
    const documents: ConfigurationDocument[] = [];
    for (const configuration of [...this.#byId.values()].slice(0, top))
      documents.push(await this.#format(configuration));
    return documents;
  }

  /**
   * Without `ifMatch` creates, with an etag or `*` changes all but the content. Throws `ArgumentInvalid`,
   * `ConfigurationAlreadyExists`, `PreconditionFailed` or `InvalidOperation`.
   */
  async put(id: string, document: unknown, ifMatch?: string): Promise<ConfigurationDocument> {
    requireConfigurationId(id);
    const named = requireObject(document, "The configuration")["id"];
    if (named !== undefined && named !== id) {
      throw new HubError("ArgumentInvalid", "id in the body is not the one in the path.");
    }
    const fields = parseConfigurationFields(document);
    const current = this.#byId.get(id);
    const now = this.#parts.clock.now();
    const base = ifMatch === undefined ? this.#fresh(id, now) : this.#changeable(current, ifMatch);
    if (current !== undefined && fields.content !== undefined && !isSame(fields.content, current.content)) {
      throw new HubError("InvalidOperation", "The content of a configuration cannot be changed; make another one.");
    }
    const configuration: Configuration = { ...base, ...fields, lastUpdatedTime: now, etag: newEtag() };
    this.#byId.set(id, configuration);
    await this.#parts.journal.commit([[PREFIX + id, configuration]]);
    this.#roll();
    return this.#format(configuration);
  }

  /** What it set is taken away again. Throws `ConfigurationNotFound` or `PreconditionFailed`. */
  async delete(id: string, ifMatch?: string): Promise<void> {
    requireMatch(this.#find(id).etag, ifMatch);
    this.#byId.delete(id);
    await this.#parts.journal.commit([[PREFIX + id, undefined]]);
    this.#roll();
  }

  /** Sets content at one device, once: its own, and that of modules, which are made where they are missing. */
  async applyContent(deviceId: string, document: unknown): Promise<void> {
    const { registry } = this.#parts;
    const { deviceContent = {}, modulesContent = {} } = parseContent(document);
    registry.get(deviceId);
    await this.#set({ deviceId }, deviceContent);
    for (const [moduleId, values] of Object.entries(modulesContent)) {
      const ref = { deviceId, moduleId: requireDeviceId(moduleId) };
      if (registry.find(deviceId, moduleId) === undefined) await registry.create(ref, { managedBy: "iotEdge" });
      await this.#set(ref, values as JsonObject);
    }
  }

  /** What is wrong with a target condition and with metric queries, each by itself. Throws `ArgumentInvalid`. */
  testQueries(document: unknown): JsonObject {
    const { targetCondition, customMetricQueries } = requireObject(document, "The body");
    const queries = Object.entries(requireObject(customMetricQueries ?? {}, "customMetricQueries"));
    const errors = queries.map(([name, query]) => [name, problemOf(() => requireMetricQuery(query, name))] as const);
    return {
      targetConditionError:
        typeof targetCondition === "string" && targetCondition.trim() !== ""
          ? problemOf(() => parseTarget(targetCondition))
          : null,
      customMetricQueryErrors: Object.fromEntries(errors.filter(([, problem]) => problem !== null)),
    };
  }

  #find(id: string): Configuration {
    const configuration = this.#byId.get(id);
    if (configuration === undefined)
      throw new HubError("ConfigurationNotFound", `There is no configuration with the id ${id}.`);
    return configuration;
  }

  #fresh(id: string, now: number): Configuration {
    if (this.#byId.has(id))
      throw new HubError("ConfigurationAlreadyExists", `A configuration with the id ${id} exists already.`);
    if (this.#byId.size >= MAX_CONFIGURATIONS) {
      throw new HubError("InvalidOperation", `A hub has at most ${MAX_CONFIGURATIONS} configurations.`);
    }
    return {
      id,
      schemaVersion: "1.0",
      labels: {},
      content: {},
      targetCondition: "",
      priority: 0,
      metrics: {},
      createdTime: now,
      lastUpdatedTime: now,
      etag: "",
    };
  }

  #changeable(current: Configuration | undefined, ifMatch: string): Configuration {
    if (current === undefined) throw preconditionFailed("The configuration does not exist.");
    requireMatch(current.etag, ifMatch);
    return current;
  }

  async #format(configuration: Configuration): Promise<ConfigurationDocument> {
    const custom: [string, number][] = [];
    for (const [name, text] of Object.entries(configuration.metrics)) {
      // A query that makes too many groups has no result; the configuration is shown all the same.
      const result = await this.#parts.query.measure(text).catch(() => undefined);
      if (result !== undefined) custom.push([name, result]);
    }
    const system: MetricResults = { ...this.#parts.rollout.counts(configuration.id) };
    return {
      ...formatConfiguration(configuration, { system, custom: Object.fromEntries(custom) }),
      etag: configuration.etag,
    };
  }

  async #set(ref: IdentityRef, values: JsonObject): Promise<void> {
    const { twins } = this.#parts;
    const { $version: _, ...current } = twins.own(ref.deviceId, ref.moduleId).desired;
    let wanted: JsonObject = current;
    for (const [path, value] of Object.entries(values)) wanted = withValue(wanted, keysOf(path) ?? [], value);
    const desired = patchBetween(current, wanted);
    if (Object.keys(desired).length > 0) await twins.patch(ref, { desired });
  }

  #follow({ kind, identity }: RegistryChange): void {
    const ref = refOf(identity);
    if (kind === "deleted") this.#parts.rollout.forget(ref);
    else this.#parts.rollout.changed(ref);
  }

  // Twins change often: they are followed only where a configuration may care.
  #roll(): void {
    const { rollout, twins } = this.#parts;
    rollout.setRules(this.#byId.values());
    if (rollout.isIdle) {
      this.#unfollow?.();
      this.#unfollow = undefined;
    } else this.#unfollow ??= twins.onChange(({ ref }) => rollout.changed(ref));
  }

  #sweepLater(): void {
    const { clock, rollout } = this.#parts;
    clock.at(clock.now() + SWEEP_MS, () => {
      rollout.sweep();
      this.#sweepLater();
    });
  }
}

function problemOf(check: () => unknown): string | null {
  try {
    check();
    return null;
  } catch (error) {
    return asHubError(error).message;
  }
}

function newEtag(): string {
  return Buffer.from(String(randomInt(2 ** 47))).toString("base64");
}
