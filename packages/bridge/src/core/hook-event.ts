/** What is told of a webhook: on event streams, and to the device that triggered it. */
export interface HookEvent {
  /** `sent` is for streams only. */
  readonly kind: "sent" | "response" | "error";
  readonly name: string;
  readonly data: string;
}
