/** How states are made and written, without anything that waits: what `things` needs of it. */
import type { DeviceState, Reach, StateChange } from "../core/device-state.ts";
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
  /** Written by the API; with `message` the whole state goes to the device as a message too. `null`: nothing changes. */
  writeState(
    before: DeviceState,
    write: StateWrite,
    when: { readonly at: number; readonly message?: boolean },
  ): { readonly ok: true; readonly change: StateChange | null } | { readonly ok: false; readonly fault: StateFault };
}
