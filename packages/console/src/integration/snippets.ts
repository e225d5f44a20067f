/** Firmware and commands that make an integration take an event. */
import { curlThatPublishes } from "./curl.ts";
import type { IntegrationDetail } from "./integration.ts";

type Shown = Pick<IntegrationDetail, "event" | "scope" | "deviceID">;

/** For a device of Particle's, in Wiring. */
export function firmware({ event }: Shown): string {
  return `// Takes a reading every half minute and publishes it.
void setup() {
  pinMode(A0, INPUT);
}

void loop() {
  String data = String::format("{\\"value\\":%d}", analogRead(A0));
  Particle.publish(${cString(event)}, data, PRIVATE);
  delay(30s);
}
`;
}

/** Publishes over the API as the device. */
export function curl(
  { event, scope, deviceID }: Shown,
  { origin, device }: { readonly origin: string; readonly device: string },
): string {
  return curlThatPublishes({
    origin,
    product: scope.kind === "product" ? (scope.product_slug ?? scope.product_id ?? null) : null,
    deviceId: deviceID ?? device,
    name: event,
    data: '{"value":21.5}',
  });
}

/** A C string that holds the text, whatever it is. */
export function cString(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&").replaceAll("??", "?\\?")}"`;
}
