/** Integrations as the API answers them, and the ways to ask. */
import { segment } from "../client/request.ts";

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

export interface PreviewMessage {
  readonly body: string;
  /** Absent where the body is no JSON. */
  readonly json?: unknown;
  readonly content_type: string;
  readonly content_encoding: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly size: number;
  readonly metered: number;
}

export interface PreviewAnswer {
  readonly pass: boolean;
  readonly event: SampleEvent;
  readonly message?: PreviewMessage | null;
  readonly request?: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
  } | null;
  readonly device_id?: string;
  readonly warnings?: readonly { readonly code: string; readonly message: string }[];
  readonly error?: string;
  readonly next_step?: string;
  readonly would_trigger?: boolean;
  readonly reason?: string;
}
