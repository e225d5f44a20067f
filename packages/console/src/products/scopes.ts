/** What API users may be allowed to do, in groups that people think in. The names are the API's. */

export interface ScopeGroup {
  readonly title: string;
  readonly scopes: readonly (readonly [scope: string, words: string])[];
}

export const SCOPE_GROUPS: readonly ScopeGroup[] = [
  {
    title: "Events",
    scopes: [
      ["events:get", "hear and read events"],
      ["events:send", "publish events"],
    ],
  },
  {
    title: "Devices",
    scopes: [
      ["devices:list", "list devices"],
      ["devices:get", "look at a device"],
      ["devices:update", "change devices"],
      ["devices:import", "add devices, make their tokens"],
      ["devices:remove", "take devices out"],
      ["devices:release", "release devices from their owners"],
      ["devices:ping", "ask whether a device is online"],
      ["devices.function:call", "call functions"],
      ["devices.variable:get", "read variables"],
    ],
  },
  {
    title: "Groups",
    scopes: [
      ["groups:list", "list groups"],
      ["groups:get", "look at a group"],
      ["groups:create", "make groups"],
      ["groups:update", "change groups"],
      ["groups:remove", "remove groups"],
    ],
  },
  {
    title: "Integrations",
    scopes: [
      ["integrations:list", "list integrations"],
      ["integrations:get", "look at an integration and its deliveries"],
      ["integrations:create", "make integrations"],
      ["integrations:update", "change integrations, retry deliveries"],
      ["integrations:remove", "delete integrations"],
      ["integrations:test", "send tests"],
    ],
  },
  {
    title: "Figures and products",
    scopes: [
      ["metrics.events:get", "figures of events"],
      ["metrics.integrations:get", "figures of integrations"],
      ["products:list", "list products"],
      ["products:get", "look at the product"],
    ],
  },
  {
    title: "API users",
    scopes: [
      ["teams.users:list", "list API users"],
      ["teams.users:invite", "make API users"],
      ["teams.users:update", "change API users"],
      ["teams.users:remove", "delete API users"],
    ],
  },
];

const ALL = SCOPE_GROUPS.flatMap(({ scopes }) => scopes.map(([scope]) => scope));

/** Choices that most programs need. */
export const PRESETS: readonly { readonly title: string; readonly scopes: readonly string[] }[] = [
  { title: "Read only", scopes: ALL.filter((scope) => /:(?:get|list)$/.test(scope)) },
  { title: "Publish and listen", scopes: ["events:get", "events:send"] },
  { title: "Everything", scopes: ALL },
  { title: "None", scopes: [] },
];
