import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import { textOption } from "../command-runner.ts";
import type { Does, Options } from "../command-runner.ts";
import { countOption } from "../count-option.ts";
import { cell } from "../table.ts";

interface StreamedEvent {
  readonly data: string | null;
  readonly published_at: string;
  readonly coreid: string;
}

const GREETING = "Events as they are published. Ctrl-C ends it.";

export function registerSubscribe(program: Command, does: Does): void {
  const subscribe = program
    .command("subscribe [prefix]")
    .description("show events as they are published")
    .option("-d, --device <id or name>", "of one device only")
    .option("-p, --product <id or slug>", "of a product's devices instead of your own")
    .option("--max <count>", "end after so many events");
  does(subscribe, async ({ api, args: [prefix], options, terminal }) => {
    const asJson = options.json === true;
    let left = countOption(options, "max") ?? Infinity;
    if (!asJson) terminal.err(`${GREETING}\n`);
    for await (const { name, text } of eventsOf(api.lines(streamPath(options, prefix)))) {
      const event = JSON.parse(text) as StreamedEvent;
      terminal.out(`${asJson ? JSON.stringify({ name, ...event }) : eventLine(name, event)}\n`);
      if (--left <= 0) break;
    }
    return null;
  });
}

function streamPath(options: Options, prefix: string | undefined): string {
  const device = textOption(options, "device");
  const product = textOption(options, "product");
  const roof = product === undefined ? "/v1" : pathOf`/v1/products/${product}`;
  const of = device !== undefined ? pathOf`/devices/${device}` : product === undefined ? "/devices" : "";
  return `${roof}${of}/events${prefix === undefined ? "" : pathOf`/${prefix}`}`;
}

/** The fields of server-sent events that the device cloud uses: a line with the name, then one with the data. */
async function* eventsOf(
  lines: AsyncIterable<string>,
): AsyncIterable<{ readonly name: string; readonly text: string }> {
  let name = "";
  for await (const line of lines) {
    if (line.startsWith("event: ")) name = line.slice("event: ".length);
    else if (line.startsWith("data: ")) yield { name, text: line.slice("data: ".length) };
  }
}

function eventLine(name: string, { published_at: at, coreid, data }: StreamedEvent): string {
  return [at, coreid, name, ...(data === null ? [] : [data])].map(cell).join("  ");
}
