/** The tables of the package's README, made from the code, so that they cannot say more or less than there is. */
import { SETTINGS } from "../config.ts";
import { linkAddresses } from "../amqp/link-kinds.ts";
import { EFFECTS_AT } from "../hub/faults/fault-rule.ts";
import { HUB_ROUTES } from "../http/front.ts";
import type { Route } from "../http/exchange.ts";

/** By the marker in the README that stands before each: `<!-- name -->`. */
export function readmeTables(provisioning: readonly Route[]): Readonly<Record<string, string>> {
  return {
    settings: table(
      ["flag", "environment", "meaning"],
      Object.values(SETTINGS).map(({ flag, value, variable, meaning }) => [
        `\`--${flag} ${value}\``,
        `\`${variable}\``,
        meaning,
      ]),
    ),
    faults: table(
      ["point", "effects"],
      Object.entries(EFFECTS_AT).map(([point, effects]) => [`\`${point}\``, effects.map((e) => `\`${e}\``).join(", ")]),
    ),
    operations: [
      section("HTTPS: services", routesTable(HUB_ROUTES.filter(({ access }) => access.kind === "service"))),
      section("HTTPS: devices", routesTable(HUB_ROUTES.filter(({ access }) => access.kind === "device"))),
      section("HTTPS: provisioning", routesTable(provisioning, false)),
      section(
        "HTTPS: admin and page",
        routesTable(
          HUB_ROUTES.filter(({ access }) => !isService(access.kind)),
          false,
        ),
      ),
      section("AMQP 1.0: links", linksTable()),
      section("MQTT 3.1.1: topics", topicsTable()),
    ].join("\n\n"),
  };
}

/** Puts tables behind their markers; whatever stood between a marker and the next heading, marker or prose is replaced. */
export function withTables(readme: string, tables: Readonly<Record<string, string>>): string {
  return Object.entries(tables).reduce((text, [name, content]) => {
    const [start, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
    const at = text.indexOf(start);
    if (at < 0) throw new Error(`README.md has no marker ${start}.`);
    const until = text.indexOf(end);
    const rest = until < 0 ? text.slice(at + start.length) : text.slice(until + end.length);
    return `${text.slice(0, at)}${start}\n\n${content === "" ? "" : `${content}\n\n`}${end}${rest}`;
  }, readme);
}

function isService(kind: Route["access"]["kind"]): boolean {
  return kind === "service" || kind === "device";
}

function routesTable(routes: readonly Route[], withAccess = true): string {
  const byPath = groupByPath(routes);
  const rows = [...byPath].map(([path, group]) => {
    const methods = group.map(({ method }) => method).join(", ");
    const permissions = new Set(
      group.map(({ access }) => (access.kind === "service" ? access.permission : access.kind)),
    );
    const shown = `\`${path.replaceAll(/:(\w+)/g, "{$1}")}\``;
    return withAccess ? [shown, methods, [...permissions].join(", ")] : [shown, methods];
  });
  return table(withAccess ? ["path", "methods", "needs"] : ["path", "methods"], rows);
}

function groupByPath(routes: readonly Route[]): Map<string, Route[]> {
  const groups = new Map<string, Route[]>();
  for (const route of routes) groups.set(route.path, [...(groups.get(route.path) ?? []), route]);
  return groups;
}

function linksTable(): string {
  return table(
    ["address", "the client"],
    linkAddresses().map(({ address, peer }) => [`\`${address}\``, peer]),
  );
}

/** By hand, because topics are read by patterns; the test reads each with them. */
export const TOPICS: readonly {
  readonly client: "publishes" | "subscribes";
  readonly topic: string;
  readonly use: string;
}[] = [
  { client: "publishes", topic: "devices/{d}/messages/events/{bag}", use: "device-to-cloud message" },
  { client: "publishes", topic: "devices/{d}/modules/{m}/messages/events/{bag}", use: "the same of a module" },
  {
    client: "subscribes",
    topic: "devices/{d}/messages/devicebound/#",
    use: "cloud-to-device messages; PUBACK completes",
  },
  { client: "publishes", topic: "$iothub/twin/GET/?$rid={r}", use: "twin, answered on the next" },
  { client: "subscribes", topic: "$iothub/twin/res/#", use: "answers to twin requests" },
  { client: "publishes", topic: "$iothub/twin/PATCH/properties/reported/?$rid={r}", use: "reported properties" },
  { client: "subscribes", topic: "$iothub/twin/PATCH/properties/desired/#", use: "changes of desired properties" },
  { client: "subscribes", topic: "$iothub/methods/POST/#", use: "direct methods" },
  { client: "publishes", topic: "$iothub/methods/res/{status}/?$rid={r}", use: "answer to a direct method" },
  { client: "subscribes", topic: "$dps/registrations/res/#", use: "provisioning: answers" },
  { client: "publishes", topic: "$dps/registrations/PUT/iotdps-register/?$rid={r}", use: "provisioning: register" },
  {
    client: "publishes",
    topic: "$dps/registrations/GET/iotdps-get-operationstatus/?$rid={r}&operationId={o}",
    use: "provisioning: how far it is",
  },
];

function topicsTable(): string {
  return table(
    ["topic", "the client", "for"],
    TOPICS.map(({ client, topic, use }) => [`\`${topic}\``, client, use]),
  );
}

function section(title: string, content: string): string {
  return `### ${title}\n\n${content}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
