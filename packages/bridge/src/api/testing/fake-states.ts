/** Device states in memory, for the tests of this folder: what is written is what the hub has, at once. */
import { STATE_DEFAULTS } from "../../core/device-state.ts";
import type { DeviceState } from "../../core/device-state.ts";
import type { Device } from "../../core/device.ts";
import type { Scope } from "../../core/integration.ts";
import type { JsonObject } from "../../core/json.ts";
import type {
  DesiredView,
  StateControl,
  StateFault,
  StateHubReport,
  StateWrite,
  StateWritten,
} from "../../core/state-control.ts";
import type { ScopeStateSettings, StateHubSettings, StateSettingsStore } from "../../core/state-store.ts";

export class FakeStates implements StateControl {
  readonly #states = new Map<string, DeviceState>();
  readonly #listeners: ((view: DesiredView) => void)[] = [];
  readonly #now: () => number;
  /** The scopes whose settings were told to have changed. */
  readonly changedScopes: Scope[] = [];
  reports: readonly StateHubReport[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  async state(deviceId: string): Promise<DeviceState | null> {
    return this.#states.get(deviceId) ?? null;
  }

  async write(device: Device, write: StateWrite): Promise<StateWritten> {
    const known = this.#states.get(device.id) ?? this.begin(device.id, "bridge", {});
    const state = write.kind === "replace" ? write.state : merged(known.state, write.patch);
    const fault = this.fault(state);
    if (fault !== null) return { kind: "fault", fault };
    return { kind: "written", state: this.#save({ ...known, state }) };
  }

  /** Of a twin's limits the one that tests need: keys without dots, dollars and spaces. */
  fault(state: JsonObject): StateFault | null {
    return faultIn(state, "");
  }

  async report(device: Device, patch: JsonObject): Promise<StateWritten> {
    return this.write(device, { kind: "merge", patch });
  }

  async desired(deviceId: string): Promise<DesiredView | null> {
    const known = this.#states.get(deviceId);
    return known === undefined ? null : viewOf(known);
  }

  onDesired(listener: (view: DesiredView) => void): void {
    this.#listeners.push(listener);
  }

  async compare(deviceId: string): Promise<DeviceState | null> {
    return this.state(deviceId);
  }

  async conflicts(): Promise<readonly never[]> {
    return [];
  }

  async conflictsIn(): Promise<readonly never[]> {
    return [];
  }

  async hubs(): Promise<readonly StateHubReport[]> {
    return this.reports;
  }

  async settingsChanged(scope: Scope): Promise<void> {
    this.changedScopes.push(scope);
  }

  /** A first state, as a Thing's creation or a device's first write makes it. */
  begin(deviceId: string, reach: DeviceState["reach"], state: JsonObject): DeviceState {
    const section = { properties: state, version: 1, pending: null };
    return this.#save({
      deviceId,
      reach,
      connectionId: "local",
      hubDeviceId: deviceId,
      state,
      stamps: {},
      desired: section,
      reported: { ...section, properties: {} },
      pendingSince: null,
      messageFor: null,
      etag: "AAAAAAAAAAE=",
      standing: {
        generationId: "1",
        status: "enabled",
        connectionState: "disconnected",
        lastActivity: null,
        missingSince: null,
      },
      trouble: null,
      conflicts: 0,
      changedAt: this.#now(),
      revision: 0,
    });
  }

  /** Puts a state as a test wants it. */
  set(state: DeviceState): void {
    this.#states.set(state.deviceId, state);
  }

  delete(deviceId: string): void {
    this.#states.delete(deviceId);
  }

  #save(state: DeviceState): DeviceState {
    const { state: properties, revision } = state;
    const next = {
      ...state,
      desired: { ...state.desired, properties },
      changedAt: this.#now(),
      revision: revision + 1,
    };
    this.#states.set(next.deviceId, next);
    for (const listener of this.#listeners) listener(viewOf(next));
    return next;
  }
}

function viewOf({ deviceId, desired: { properties }, revision }: DeviceState): DesiredView {
  return { deviceId, properties, revision };
}

function faultIn(state: JsonObject, under: string): StateFault | null {
  for (const [key, value] of Object.entries(state)) {
    const path = under + key;
    if (/[.$\s]/.test(key)) return { path, message: `${path} is no key that a twin can hold` };
    const inner = isObject(value) ? faultIn(value, `${path}.`) : null;
    if (inner !== null) return inner;
  }
  return null;
}

/** A JSON merge patch (RFC 7396). */
function merged(state: JsonObject, patch: JsonObject): JsonObject {
  const next: Record<string, JsonObject[string]> = { ...state };
  for (const [key, value] of Object.entries(patch)) {
    const was = next[key];
    if (value === null) delete next[key];
    else if (isObject(value)) next[key] = merged(was !== undefined && isObject(was) ? was : {}, value);
    else next[key] = value;
  }
  return next;
}

function isObject(value: JsonObject[string]): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export class FakeStateSettings implements StateSettingsStore {
  readonly #byScope = new Map<string, ScopeStateSettings>();

  async stateSettings(scope: Scope): Promise<ScopeStateSettings | null> {
    return this.#byScope.get(JSON.stringify(scope)) ?? null;
  }

  async allStateSettings(): Promise<readonly ScopeStateSettings[]> {
    return [...this.#byScope.values()];
  }

  async saveStateSettings(
    scope: Scope,
    settings: ScopeStateSettings["settings"] = STATE_DEFAULTS,
    hub: StateHubSettings | null,
  ): Promise<ScopeStateSettings> {
    const kept =
      hub === null ? null : { hubName: hub.hubName, policyName: hub.policyName, connectionId: `state-${hub.hostName}` };
    const saved = { scope, settings, hub: kept };
    this.#byScope.set(JSON.stringify(scope), saved);
    return saved;
  }

  async deleteStateSettings(scope: Scope): Promise<boolean> {
    return this.#byScope.delete(JSON.stringify(scope));
  }

  async stateConnection(): Promise<null> {
    return null;
  }
}
