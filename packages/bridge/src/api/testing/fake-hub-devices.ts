/** Devices in hubs, in memory: every device of every connection is there, with a twin and two keys. */
import type { HubIdentity, MethodAnswer, MethodCall, WholeTwin } from "../../core/device-desk.ts";
import { succeed, type Result } from "../../core/failure.ts";
import type { HubDevices, OpenDeviceHub } from "../../core/hub-devices.ts";
import type { KnownIdentity } from "../../core/identities.ts";
import type { CloudToDeviceMessage, HubDeviceWithKeys } from "../../core/twin-hub.ts";
import type { KeptTwinChange, TwinChange } from "../../core/twin-history.ts";

const PRIMARY = "cHJpbWFyeS1rZXktb2YtYS1mYWtlLWRldmljZS0wMDA=";
const SECONDARY = "c2Vjb25kYXJ5LWtleS1vZi1hLWZha2UtZGV2aWNlLTA=";

export class FakeHubDevices implements HubDevices {
  readonly changes: TwinChange[] = [];
  /** What was told to have changed: connection and device. */
  readonly told: string[] = [];
  readonly sent: { readonly deviceId: string; readonly message: CloudToDeviceMessage }[] = [];
  readonly called: { readonly deviceId: string; readonly call: MethodCall }[] = [];
  /** What the next calls answer, instead of all is well. */
  twinPatched: Result<WholeTwin | "changed" | null> | undefined;
  methodAnswer: Result<MethodAnswer | null> = succeed({ status: 200, payload: null });
  isThere: boolean = true;
  /** By connection; each is a hub of its own but for these. */
  readonly hostNames: Map<string, string> = new Map();
  readonly knownIdentities: Map<string, KnownIdentity> = new Map<string, KnownIdentity>();
  #status: HubIdentity["status"] = "enabled";

  async open(): Promise<OpenDeviceHub> {
    return {
      identity: async (id) => succeed(this.isThere ? this.#identity(id) : null),
      updateDevice: async (id, { status }) => {
        this.#status = status ?? this.#status;
        return succeed(this.isThere ? this.#withKeys(id) : null);
      },
      keys: async (id) => succeed(this.isThere ? this.#withKeys(id) : null),
      swapKeys: async (id) => succeed({ ...this.#withKeys(id), primaryKey: SECONDARY, secondaryKey: PRIMARY }),
      deviceToken: async (id, _key, expiry) => succeed(`SharedAccessSignature sr=${id}&sig=x&se=${expiry}`),
      wholeTwin: async (id) => succeed(this.isThere ? this.#twin(id) : null),
      patchTwin: async (id) => this.twinPatched ?? succeed(this.#twin(id)),
      invokeMethod: async (deviceId, call) => {
        this.called.push({ deviceId, call });
        return this.methodAnswer;
      },
      sendToDevice: async (deviceId, message) => {
        this.sent.push({ deviceId, message });
        return succeed(null);
      },
      purgeMessages: async () => succeed(2),
    };
  }

  async hub(connectionId: string): Promise<{ hostName: string; isShared: boolean }> {
    return { hostName: this.hostNames.get(connectionId) ?? `${connectionId}.azure-devices.net`, isShared: true };
  }

  changed(connectionId: string, hubDeviceId: string): void {
    this.told.push(`${connectionId} ${hubDeviceId}`);
  }

  async known(connectionId: string, hubDeviceId: string): Promise<KnownIdentity | null> {
    return this.knownIdentities.get(`${connectionId} ${hubDeviceId}`) ?? null;
  }

  history: HubDevices["history"] = async ({ deviceId, limit }): Promise<readonly KeptTwinChange[]> =>
    this.changes
      .filter((change) => change.deviceId === deviceId)
      .map(({ connectionId, ...change }, at) => ({ ...change, hostName: connectionId, id: at + 1 }))
      .reverse()
      .slice(0, limit);

  note = (change: TwinChange): void => void this.changes.push(change);

  #identity(deviceId: string): HubIdentity {
    return {
      deviceId,
      generationId: "638",
      status: this.#status,
      connectionState: "disconnected",
      lastActivity: null,
      authentication: "sas",
      statusReason: null,
      statusUpdated: null,
      connectionStateUpdated: null,
      waitingMessages: 0,
      isEdge: false,
    };
  }

  #withKeys(deviceId: string): HubDeviceWithKeys {
    const connectionString = `HostName=h;DeviceId=${deviceId};SharedAccessKey=${PRIMARY}`;
    return { ...this.#identity(deviceId), primaryKey: PRIMARY, secondaryKey: SECONDARY, connectionString };
  }

  #twin(deviceId: string): WholeTwin {
    const section = { properties: {}, version: 2, metadata: {} };
    const { status, connectionState, lastActivity } = this.#identity(deviceId);
    const standing = { deviceId, status, connectionState, lastActivity };
    return { ...standing, etag: "AAAA=", version: 3, tags: {}, desired: section, reported: section };
  }
}
