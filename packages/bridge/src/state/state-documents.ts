/** How states are made and written, without anything that waits: what `things` needs of it. */
import type { DeviceState, Reach } from "../core/device-state.ts";
import type { JsonObject } from "../core/json.ts";
import type { StateFault, StateWrite } from "../core/state-control.ts";

export interface InitialState {
  readonly deviceId: string;
  readonly reach: Reach;
  readonly connectionId: string | null;
  readonly hubDeviceId: string;
  readonly state: JsonObject;
  /** Unix milliseconds. */
  readonly at: number;
}

export interface StateDocuments {
  /** Of revision 1; what it holds waits for the hub. */
  initialState(
    initial: InitialState,
  ): { readonly ok: true; readonly state: DeviceState } | { readonly ok: false; readonly fault: StateFault };
  /** Written by the API. `next` is `current` itself when nothing changes. */
  writeState(
    current: DeviceState,
    write: StateWrite,
    at: number,
  ): Promise<{ readonly ok: true; readonly next: DeviceState } | { readonly ok: false; readonly fault: StateFault }>;
}
