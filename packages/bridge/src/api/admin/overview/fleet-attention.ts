/** What ails fleets and their states: devices that nobody has approved, sources that are down, hubs that do not mirror. */
import type { Directory } from "../../../core/directory.ts";
import type { Failure } from "../../../core/failure.ts";
import { FAILURES } from "../../../core/failure.ts";
import type { Scope } from "../../../core/integration.ts";
import type { Product } from "../../../core/product.ts";
import type { SourceControl, Sources, SourceState } from "../../../core/source.ts";
import type { StateControl, StateHubReport } from "../../../core/state-control.ts";
import { plural, type Attention } from "./attention.ts";

export interface FleetSources {
  readonly directory: Pick<Directory, "devicesIn">;
  readonly sourceStore: Pick<Sources, "sourcesIn">;
  readonly sources: Pick<SourceControl, "state">;
  readonly states: Pick<StateControl, "hubs" | "conflictsIn">;
  readonly now: () => number;
}

/** Products that are looked at in one look. */
const MAX_PRODUCTS = 100;
const MAX_CONFLICTS = 100;
const DAY_MS = 86_400_000;
const DOWN: ReadonlySet<SourceState["state"]> = new Set(["waiting", "held", "stopped"]);

export async function fleetAttention(
  { accountId, products, isOperator }: FleetOwner,
  sources: FleetSources,
): Promise<readonly Attention[]> {
  const some = products.slice(0, MAX_PRODUCTS);
  const ofProducts = some.flatMap((product) => [
    unapproved(product, sources),
    downSources(product, sources),
    conflicts({ kind: "product", productId: product.id }, product, sources),
  ]);
  const own = conflicts({ kind: "sandbox", accountId }, null, sources);
  // Hubs of states are the operator's, and told to others by the state of their devices.
  const hubs = isOperator
    ? sources.states.hubs().then((all) => all.flatMap((hub) => [...ofStateHub(hub), ...missingIn(hub)]))
    : [];
  return (await Promise.all([...ofProducts, own, hubs])).flat();
}

export interface FleetOwner {
  readonly accountId: string;
  readonly isOperator: boolean;
  readonly products: readonly Product[];
}

async function unapproved({ id, slug, name }: Product, { directory }: FleetSources): Promise<readonly Attention[]> {
  const { total } = await directory.devicesIn(id, { page: 1, perPage: 1, quarantined: true });
  if (total === 0) return [];
  return [
    {
      kind: "approval",
      tone: "wait",
      title: `${plural(total, "device")} of ${name} ${total === 1 ? "waits" : "wait"} for approval`,
      message: "What a quarantined device publishes triggers no integration.",
      next_step: "Approve the devices that are yours, deny the others.",
      link: `/devices?product=${encodeURIComponent(slug)}&approval=quarantined`,
    },
  ];
}

async function downSources(
  { id, slug, name: product }: Product,
  { sourceStore, sources }: FleetSources,
): Promise<readonly Attention[]> {
  const down = (await sourceStore.sourcesIn(id)).filter(
    (source) => !source.disabled && DOWN.has(sources.state(source).state),
  );
  return down.map((source) => {
    const { state, reason, nextStep } = sources.state(source);
    return {
      kind: "source",
      tone: state === "stopped" ? "bad" : "wait",
      title: `The source ${source.name === "" ? source.kind : source.name} of ${product} receives nothing`,
      message: reason,
      next_step: nextStep,
      link: `/products/${encodeURIComponent(slug)}/sources`,
    };
  });
}

async function conflicts(
  scope: Scope,
  product: Product | null,
  { states, now }: FleetSources,
): Promise<readonly Attention[]> {
  const recent = (await states.conflictsIn(scope, MAX_CONFLICTS)).filter(({ at }) => at > now() - DAY_MS);
  if (recent.length === 0) return [];
  const count = recent.length === MAX_CONFLICTS ? `${MAX_CONFLICTS} or more values` : plural(recent.length, "value");
  const query = product === null ? "" : `product=${encodeURIComponent(product.slug)}&`;
  return [
    {
      kind: "conflicts",
      tone: "wait",
      title: `${count} ${recent.length === 1 ? "was" : "were"} written on both sides at once${product === null ? "" : ` in ${product.name}`}`,
      message: "A rule decided whose value was kept, in the last 24 hours.",
      next_step: "Look whether the rule kept the right ones.",
      link: `/things?${query}conflicts=yes`,
    },
  ];
}

/** Among all hubs: one of the settings, and one that no product names any more, has no page of its own. */
function ofStateHub({ hostName, writing, reading, sweep }: StateHubReport): readonly Attention[] {
  const troubles: readonly (readonly [string, Failure | null])[] = [
    [`States are not written to ${hostName}`, writing.failure],
    [`What devices report is not read from ${hostName}`, reading.failure],
    [`States are not compared with ${hostName}`, sweep.failure],
  ];
  return troubles.flatMap(([title, failure]) => {
    if (failure === null) return [];
    const { message, code } = failure;
    const next_step = FAILURES[code].nextStep;
    return [{ kind: "state_hub", tone: "bad", title, message, next_step, link: "/hubs" } as const];
  });
}

function missingIn({ hostName, missing }: StateHubReport): readonly Attention[] {
  if (missing === 0) return [];
  return [
    {
      kind: "state_hub",
      tone: "wait",
      title: `${plural(missing, "device")} ${missing === 1 ? "is" : "are"} missing in ${hostName}`,
      message: "Somebody deleted them there; their states are kept here.",
      next_step: "Delete them here as well, or make them again in the hub with their ids.",
      link: "/things",
    },
  ];
}
