/** What the operator of the server has to know: whether it takes events, and what happened to the data. */
import type { ApiDependencies } from "../../dependencies.ts";
import type { Attention } from "./attention.ts";

export async function serverAttention({
  health,
  deliveries,
}: Pick<ApiDependencies, "health" | "deliveries">): Promise<readonly Attention[]> {
  const unready = health().reasons.map((reason): Attention => ({
    kind: "server",
    tone: "bad",
    title: "This server takes no events now",
    message: reason,
    next_step: "Look at the server's log and at its disk. Publishers are told to try again.",
    link: "/settings/retention",
  }));
  const incidents = (await deliveries.incidents()).map(({ id, message }): Attention => ({
    kind: "incident",
    tone: "bad",
    title: "Something happened to the data",
    message,
    next_step: "Read docs/reliability.md on incidents, then acknowledge it.",
    link: "/settings/retention",
    incident_id: id,
  }));
  return [...unready, ...incidents];
}
