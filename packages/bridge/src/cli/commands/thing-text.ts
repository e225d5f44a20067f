/** Things for people: a line each, or a card with the state. */
import type { Json } from "../api-client.ts";
import { relativeTime } from "../relative-time.ts";
import { card, cell, table } from "../table.ts";
import { leavesOf } from "./state-values.ts";

export function thingTable(things: readonly Json[], now: number): string {
  const rows = things.map((thing) => {
    const status = thing["deviceStatus"] as Json;
    return [thing["id"], thing["name"], link(status), status["sync"], relativeTime(status["lastActivity"], now)];
  });
  const nothing = "No Things. Make one: isthmus things create NAME --product PRODUCT";
  return table(["ID", "NAME", "DEVICE", "SYNC", "ACTIVE"], rows, nothing);
}

export function thingCard(thing: Json, now: number): string {
  const status = thing["deviceStatus"] as Json;
  const error = (status["error"] ?? null) as Json | null;
  const rows = [...leavesOf(thing["deviceState"])];
  return `${card([
    ["id", thing["id"]],
    ["name", thing["name"]],
    ["product", thing["appid"]],
    ["device", link(status)],
    ["last activity", relativeTime(status["lastActivity"], now)],
    ["sync", status["sync"]],
    ...(status["waitingSince"] === undefined
      ? []
      : [["waiting since", relativeTime(status["waitingSince"], now)] as const]),
    ...(error === null ? [] : [["because", error["message"]] as const, ["next step", error["next_step"]] as const]),
    ["conflicts", status["conflicts"]],
    ...(thing["tags"] === undefined ? [] : [["tags", (thing["tags"] as readonly string[]).join(", ")] as const]),
    ["created", relativeTime(isoOf(thing["timestamp"]), now)],
  ])}\n${table(["STATE", "VALUE"], rows, "The state is empty.")}`;
}

function link(status: Json): string {
  return status["status"] === "disabled" ? "disabled" : cell(status["connectionState"]);
}

function isoOf(milliseconds: unknown): string | null {
  return typeof milliseconds === "number" ? new Date(milliseconds).toISOString() : null;
}
