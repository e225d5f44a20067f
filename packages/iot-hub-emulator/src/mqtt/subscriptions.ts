/** The topic filters a device may subscribe to: these and no others. */

export type Subscription = "cloudToDevice" | "inputs" | "twinResponses" | "desired" | "methods";

const HUB_FILTERS: ReadonlyMap<string, Subscription> = new Map<string, Subscription>([
  ["$iothub/twin/res/#", "twinResponses"],
  ["$iothub/twin/patch/properties/desired/#", "desired"],
  ["$iothub/methods/post/#", "methods"],
]);

/** Of a module, `inputs` are filled by routes of IoT Edge alone: they may be asked for and stay silent here. */
const OWN_FILTERS: ReadonlyMap<string, Subscription> = new Map<string, Subscription>([
  ["messages/devicebound/#", "cloudToDevice"],
  ["inputs/#", "inputs"],
  ["#", "inputs"],
]);

/** What a filter stands for, when `deviceId[/moduleId]` subscribes to it. */
export function parseFilter(filter: string, deviceId: string, moduleId?: string): Subscription | undefined {
  const own = moduleId === undefined ? `devices/${deviceId}/` : `devices/${deviceId}/modules/${moduleId}/`;
  if (!filter.startsWith(own)) return HUB_FILTERS.get(filter.toLowerCase());
  const kind = OWN_FILTERS.get(filter.slice(own.length).toLowerCase());
  return kind === "inputs" && moduleId === undefined ? undefined : kind;
}
