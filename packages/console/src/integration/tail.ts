/** Lines of the hub's live view: what each says. */
import type { ToldFailure } from "../elements/failure-note.tsx";

export interface TailMessage {
  readonly kind: "message";
  readonly key: string;
  readonly deviceId: string;
  /** Of the event; `null` where it is not a message of an integration. */
  readonly event: string | null;
  /** Unix milliseconds, by the hub's clock. */
  readonly enqueuedAt: number;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly systemProperties: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export interface TailFailure {
  readonly kind: "failure";
  readonly failure: ToldFailure;
}

/** `null`: nothing that is known, or a blank line that keeps the view alive. */
export function tailLine(line: string): TailMessage | TailFailure | null {
  const fields = objectIn(line);
  if (fields === null) return null;
  const { failure, deviceId, body, partitionId, sequenceNumber, enqueuedTime } = fields;
  if (typeof failure === "object" && failure !== null) return { kind: "failure", failure: failure as ToldFailure };
  if (typeof deviceId !== "string") return null;
  const properties = asObject(fields["properties"]);
  const event = properties["event"];
  return {
    kind: "message",
    key: `${String(partitionId)} ${String(sequenceNumber)}`,
    deviceId,
    event: typeof event === "string" ? decoded(event) : null,
    enqueuedAt: Number(enqueuedTime),
    properties,
    systemProperties: asObject(fields["systemProperties"]),
    body: typeof body === "string" ? body : JSON.stringify(body ?? null, null, 2),
  };
}

/** What is not ASCII is percent-encoded in the hub. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function objectIn(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? asObject(value) : null;
  } catch {
    return null;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
