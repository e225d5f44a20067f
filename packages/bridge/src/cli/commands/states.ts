/** Looking at a device's state, changing it, watching it: the same commands for Things and for devices that publish here. */
import type { Command } from "commander";
import type { Json } from "../api-client.ts";
import { wrongUsage } from "../command-failure.ts";
import type { Does, Shown } from "../command-runner.ts";
import { contentOf } from "../file-content.ts";
import { statePath } from "./state-path.ts";
import { conflictTable, stateText, syncText } from "./state-text.ts";
import { jsonIn, patchOf } from "./state-values.ts";
import { watchState } from "./state-watch.ts";

/** Under `things` and under `devices`. */
export function registerStates(parent: Command, does: Does): void {
  const state = parent.command("state").description("its state: what the API and the device itself write");

  does(state.command("show <id>").description("show the state, who wrote what, and what waits"), async (invocation) => {
    const json = await invocation.api.call("GET", statePath(invocation.args[0]!));
    return { json, text: stateText(json, invocation.terminal.now()) };
  });

  const set = state
    .command("set <id> <assignments...>")
    .description("set KEY=VALUE, dots lead inside; VALUE is JSON or a text, null removes");
  does(set, async ({ api, args: [id, ...assignments] }) =>
    written(await api.call("PATCH", statePath(id!), { state: patchOf(assignments) })),
  );

  const replace = state
    .command("replace <id> <json>")
    .description("put a JSON object, or that in @FILE, in the place of what was written here");
  does(replace, async ({ api, args: [id, json] }) =>
    written(await api.call("PUT", statePath(id!), { state: await objectIn(json!) })),
  );

  const compare = state.command("compare <id>").description("compare with the hub now and repair both sides");
  does(compare, async ({ api, args: [id] }) => written(await api.call("POST", `${statePath(id!)}/compare`)));

  const conflicts = state.command("conflicts <id>").description("what both sides wrote at once, and who won");
  does(conflicts, async ({ api, args: [id], terminal }) => {
    const json = await api.call("GET", `${statePath(id!)}/conflicts`);
    return { json, text: conflictTable(json, terminal.now(), false) };
  });

  watchState(state, does);
}

/** On disk in any case; whether the hub has it is the news. */
function written(json: Json): Shown {
  return { json, text: `${syncText(json)}\n` };
}

async function objectIn(text: string): Promise<Json> {
  const json = text.startsWith("@") ? await contentOf(text.slice(1)) : text;
  const value = jsonIn(json);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw wrongUsage("The state must be a JSON object.", `For instance '{"led":true}', or @FILE.`);
}
