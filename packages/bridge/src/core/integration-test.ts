/** The port to TEST: an integration tried for real, step by step, with proof of arrival where the hub can be read. */
import type { Exchange } from "./exchange.ts";
import type { Failure } from "./failure.ts";
import type { HubMessage } from "./hub-client.ts";

export interface TestRequest {
  readonly integrationId: string;
  readonly data: string;
  /** Name of the test event; the integration's prefix when left out. */
  readonly eventName?: string;
  /** A known device to test as; without it a reserved identity is made and removed again. */
  readonly deviceId?: string;
}

export interface TestStep {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
}

/** Whether the message was read back from the hub's own endpoint. */
export type Arrival =
  | {
      readonly seen: true;
      readonly partitionId: string;
      readonly sequenceNumber: number;
      /** Unix milliseconds, by the hub's clock. */
      readonly enqueuedTime: number;
      /** From the beginning of sending until it was seen here. */
      readonly afterMs: number;
    }
  | { readonly seen: false; readonly why: string };

/** Each step that was tried, in order, and the first failure. */
export interface TestReport {
  readonly pass: boolean;
  readonly failure: Failure | null;
  readonly steps: readonly TestStep[];
  /** What was sent, or would have been; `null` when it could not be made. */
  readonly sent: { readonly deviceId: string; readonly message: HubMessage } | null;
  /** `null` when the hub did not take the message. */
  readonly arrival: Arrival | null;
  /** Of a webhook: what was sent and what the target answered, secrets masked. */
  readonly exchange?: Exchange;
}

/** `busy`: too many tests are under way. */
export type TestIntegration = (request: TestRequest) => Promise<TestReport | "busy">;
