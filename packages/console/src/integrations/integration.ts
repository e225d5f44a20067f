/** Integrations as the API answers them, and the ways to ask. */
import { segment } from "../client/request.ts";
import type { HubMessage } from "../integration/integration-test.ts";

/** Under which path a scope's integrations are made: `null` is the sandbox. */
export function facesPath(product: string | null): string {
  return product === null ? "/v1" : `/v1/products/${segment(product)}`;
}

export interface SampleEvent {
  readonly id: string;
  readonly name: string;
  readonly data: string | null;
  readonly device_id: string | null;
  readonly origin: "recent" | "given" | "made_up";
}

/** What settings make of an event: a message for a hub, or a webhook's request. */
export interface Preview {
  readonly pass: boolean;
  readonly event: SampleEvent;
  readonly message?: HubMessage | null;
  readonly request?: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
  } | null;
  readonly device_id?: string;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly error?: string;
  readonly code?: string;
  readonly next_step?: string;
}
