import { segment } from "../client/request.ts";

/** Where the API has the state of a device. */
export function statePath(id: string): string {
  return `/admin/v1/devices/${segment(id)}/state`;
}
