/** TEST: asks the server to try the integration for real. */
import { request } from "../client/request.ts";
import type { IntegrationDetail } from "./integration.ts";

export interface TestReport {
  readonly pass: boolean;
  readonly data: string | null;
  readonly error?: string;
  readonly code?: string;
  readonly next_step?: string;
  readonly steps: readonly { readonly name: string; readonly ok: boolean; readonly message: string }[];
  /** In the hub. */
  readonly device_id: string | null;
  readonly message: HubMessage | null;
  readonly arrival:
    | {
        readonly seen: true;
        readonly partition: string;
        readonly sequence_number: number;
        readonly enqueued_time: string;
        readonly after_ms: number;
      }
    | { readonly seen: false; readonly why: string }
    | null;
  /** Of a webhook. */
  readonly exchange?: {
    readonly request: string | null;
    readonly response: string | null;
    readonly status: string | null;
    readonly duration_ms: number | null;
  };
}

/** A message of a hub as tests and previews show it. */
export interface HubMessage {
  readonly body: string;
  readonly message_id: string;
  readonly content_type: string;
  readonly content_encoding: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly size: number;
  readonly metered: number;
  readonly metered_on_free: number;
}

/** What is left out, the server chooses. */
export interface TestChoice {
  readonly data?: string;
  readonly device_id?: string;
  readonly event_id?: string;
}

export function runTest({ path }: Pick<IntegrationDetail, "path">, choice: TestChoice): Promise<TestReport> {
  return request<TestReport>(`${path}/test`, { method: "POST", body: choice });
}
