/** Adds the application properties of enrichments to a message. */
import type { DeviceMessage } from "iot-hub-protocol";
import type { RoutedMessage } from "./routed-message.ts";
import type { Enrichment } from "./routing-settings.ts";

/** Gives an enrichment's text for a message. */
export interface CompiledEnrichment {
  readonly key: string;
  readonly textFor: (routed: RoutedMessage) => string;
}

export function compileEnrichment({ key, value }: Enrichment, hubName: string): CompiledEnrichment {
  if (value.toLowerCase() === "$iothubname") return { key, textFor: () => hubName };
  const path = /^\$twin\.(.+)$/i.exec(value)?.[1]?.split(".");
  if (path === undefined) return { key, textFor: () => value };
  // What the twin does not have is told by the path itself, as the service does.
  return { key, textFor: (routed) => asText(routed.twinValue(path)) ?? value };
}

/** The message with the properties of all enrichments; one of the same name is replaced. */
export function enrich(routed: RoutedMessage, enrichments: readonly CompiledEnrichment[]): DeviceMessage {
  const properties = new Map(routed.message.properties);
  for (const { key, textFor } of enrichments) properties.set(key, textFor(routed));
  return { ...routed.message, properties };
}

function asText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
