import type { Overview } from "./overview.ts";

/** What it takes events of. */
export function scopeInWords({ scope, device_id: device }: Pick<Overview, "scope" | "device_id">): string {
  if (scope.kind === "product") return scope.product_name ?? "A product";
  return device === null ? "Sandbox" : `Sandbox, device ${device}`;
}
