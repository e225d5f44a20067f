/** What ails the way to hubs and web addresses: targets that pause, deliveries that are parked, devices that wait. */
import type { ConnectionState } from "../../../core/connection-state.ts";
import type { Deliveries } from "../../../core/deliveries.ts";
import { lineKey } from "../../../core/delivery-target.ts";
import type { Ledger } from "../../../core/delivery.ts";
import { FAILURES } from "../../../core/failure.ts";
import { LOCAL_HUB } from "../../../core/hub-host.ts";
import type { Integration } from "../../../core/integration.ts";
import { plural, type Attention } from "./attention.ts";

/** Integrations whose parked deliveries are grouped by cause in one look. */
const MAX_GROUPED = 20;

export interface OwnDeliveries {
  readonly integrations: readonly Integration[];
  readonly connections: readonly ConnectionState[];
  readonly ledgers: ReadonlyMap<string, Ledger>;
}

export async function deliveryAttention(own: OwnDeliveries, deliveries: Deliveries): Promise<readonly Attention[]> {
  return [
    ...own.connections.flatMap((connection) => ofTarget(connection, own)),
    ...own.integrations.flatMap((integration) => ofIntegration(integration, own, deliveries)),
    ...(await ofParked(own, deliveries)),
  ];
}

/** Where a target is looked at: its connection, with cause and users, or the one webhook that has it. */
export function targetLink(connectionId: string, integrations: readonly Integration[]): string {
  const integration = integrations.find((one) => lineKey(one) === connectionId);
  if (integration?.type === "Webhook") return `/integrations/${encodeURIComponent(integration.id)}`;
  return `/hubs/${encodeURIComponent(connectionId)}`;
}

/** As people call it; with its policy where another connection goes to the same hub. */
function targetName({ hostName, policyName }: ConnectionState, all: readonly ConnectionState[]): string {
  const name = hostName === LOCAL_HUB ? "The Local Hub" : hostName;
  const isOneOfSeveral = policyName !== "" && all.filter((one) => one.hostName === hostName).length > 1;
  return isOneOfSeveral ? `${name} (policy ${policyName})` : name;
}

function ofTarget(
  connection: ConnectionState,
  { integrations, connections, ledgers }: OwnDeliveries,
): readonly Attention[] {
  const { state, failure, warning = null, connectionId } = connection;
  const link = targetLink(connectionId, integrations);
  const found: Attention[] = [];
  if (failure !== null && state !== "open" && state !== "idle") {
    const pending = integrations
      .filter((one) => lineKey(one) === connectionId)
      .reduce((sum, { id }) => sum + (ledgers.get(id)?.pending ?? 0), 0);
    const isPaused = state === "paused";
    found.push({
      kind: isPaused ? "target_paused" : "target_slowed",
      tone: isPaused ? "bad" : "wait",
      title: `${targetName(connection, connections)} ${isPaused ? "takes no messages" : "limits the rate"}; ${plural(pending, "event waits", "events wait")}`,
      message: failure.message,
      next_step: FAILURES[failure.code].nextStep,
      link,
    });
  }
  if (warning !== null) {
    found.push({
      kind: "target_warning",
      tone: "wait",
      title: `${targetName(connection, connections)}: messages arrive, and something else does not work`,
      message: warning.message,
      next_step: FAILURES[warning.code].nextStep,
      link,
    });
  }
  return found;
}

function ofIntegration(integration: Integration, own: OwnDeliveries, deliveries: Deliveries): readonly Attention[] {
  if (integration.disabled) return [];
  const { failure, devices } = deliveries.integrationState(integration.id);
  const link = `/integrations/${encodeURIComponent(integration.id)}`;
  const targetPauses = own.connections.some((one) => one.connectionId === lineKey(integration) && one.failure !== null);
  const found: Attention[] = [];
  // What holds up the whole target is told once, with the target.
  if (failure !== null && !targetPauses) {
    found.push({
      kind: "held_up",
      tone: "wait",
      title: `${nameOf(integration)} is held up`,
      message: failure.message,
      next_step: FAILURES[failure.code].nextStep,
      link,
    });
  }
  for (const { failure: why, count } of devices) {
    found.push({
      kind: "devices_waiting",
      tone: "wait",
      title: `${plural(count, "device waits", "devices wait")} in ${nameOf(integration)}`,
      message: why.message,
      next_step: FAILURES[why.code].nextStep,
      link,
    });
  }
  return found;
}

async function ofParked(
  { integrations, ledgers }: OwnDeliveries,
  deliveries: Deliveries,
): Promise<readonly Attention[]> {
  const parkedIn = ({ id }: Integration): number => ledgers.get(id)?.parked ?? 0;
  const most = integrations
    .filter((one) => parkedIn(one) > 0)
    .toSorted((a, b) => parkedIn(b) - parkedIn(a))
    .slice(0, MAX_GROUPED);
  const found = most.map(async (integration) => {
    const groups = await deliveries.failures(integration.id);
    return groups
      .filter(({ parked }) => parked > 0)
      .map(({ code, message, parked }): Attention => ({
        kind: "parked",
        tone: "bad",
        title: `${plural(parked, "event is", "events are")} parked in ${nameOf(integration)}`,
        message,
        next_step: Object.hasOwn(FAILURES, code) ? FAILURES[code as keyof typeof FAILURES].nextStep : null,
        link: `/integrations/${encodeURIComponent(integration.id)}/failures`,
      }));
  });
  return (await Promise.all(found)).flat();
}

function nameOf({ name, event }: Integration): string {
  return name === "" ? event : name;
}
