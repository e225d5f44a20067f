import type { SampleEvent } from "../integration.ts";

/** Of which event a preview was made. */
export function sampleInWords({ origin, name, device_id: deviceId }: SampleEvent): string {
  const device = deviceId === null ? "" : ` of device ${deviceId}`;
  switch (origin) {
    case "recent":
      return `Made of the last event that fits: ${name}${device}.`;
    case "given":
      return `Made of your data, as the event ${name}.`;
    case "made_up":
      return "No event that fits has come yet: this one is made up. Type data like your devices' above.";
  }
}
