/** Asks the Local Hub's own admin API, with the key that its process told; nothing but what the port names reaches it. */
import { Agent, request } from "node:https";
import type {
  LocalHubAnswer,
  LocalHubConnectionString,
  LocalHubControl,
  LocalHubFault,
  LocalHubLimits,
  LocalHubReport,
} from "./core/local-hub-control.ts";
import type { LocalHub } from "./local-hub.ts";

const ANSWER_WITHIN_MS = 5_000;
const MAX_ANSWER = 4 * 1024 * 1024;
const ADMIN_POLICY = "iothubowner";

interface Policy {
  readonly name: string;
  readonly primaryKey: string;
  readonly permissions: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly json: unknown;
}

export function createLocalHubControl(hub: Pick<LocalHub, "addresses">): LocalHubControl & { close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });

  function ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const { httpsPort, ca, policies, hostName } = hub.addresses;
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          host: hostName,
          port: httpsPort,
          ca,
          agent,
          method,
          path,
          timeout: ANSWER_WITHIN_MS,
          headers: { "x-admin-key": policies[ADMIN_POLICY] ?? "", "content-type": "application/json" },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          let size = 0;
          answer.on("data", (chunk: Buffer) => {
            size += chunk.length;
            if (size > MAX_ANSWER) answer.destroy(new Error("The answer is too long"));
            else chunks.push(chunk);
          });
          answer.on("error", reject);
          answer.on("end", () => resolve({ status: answer.statusCode ?? 0, json: parsed(Buffer.concat(chunks)) }));
        },
      );
      asked.on("timeout", () => asked.destroy(new Error("The Local Hub did not answer in time")));
      asked.on("error", reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async function call<T>(method: string, path: string, body?: unknown): Promise<LocalHubAnswer<T>> {
    try {
      const { status, json } = await ask(method, path, body);
      if (status < 300) return { ok: true, value: json as T };
      const reason = status === 404 ? "unknown" : status < 500 && status !== 401 ? "refused" : "unreachable";
      return { ok: false, reason, message: messageIn(json) ?? `The Local Hub answered ${status}.` };
    } catch {
      return { ok: false, reason: "unreachable", message: "The Local Hub does not answer. It may be starting again." };
    }
  }

  return {
    async report() {
      const [limits, faults, connections, policies] = await Promise.all([
        call<LocalHubLimits>("GET", "/admin/throttles"),
        call<readonly LocalHubFault[]>("GET", "/admin/faults"),
        call<readonly unknown[]>("GET", "/admin/connections"),
        call<readonly Policy[]>("GET", "/admin/policies"),
      ]);
      if (!limits.ok) return limits;
      if (!faults.ok) return faults;
      if (!connections.ok) return connections;
      if (!policies.ok) return policies;
      return {
        ok: true,
        value: {
          ...whereItIs(hub),
          connectionStrings: connectionStrings(hub, policies.value),
          limits: limits.value,
          faults: faults.value,
          connected: connections.value.length,
        },
      };
    },
    changeLimits: (limits) => call("PUT", "/admin/throttles", limits),
    addFault: (rule) => call("POST", "/admin/faults", rule),
    removeFault: (id) => call("DELETE", `/admin/faults/${encodeURIComponent(id)}`),
    clearFaults: () => call("DELETE", "/admin/faults"),
    close: () => agent.destroy(),
  };
}

function whereItIs({
  addresses: { hostName, httpsPort, amqpsPort, mqttsPort, amqpPort, ca, caFile, idScope },
}: Pick<LocalHub, "addresses">): Pick<LocalHubReport, "hostName" | "ports" | "ca" | "caFile" | "idScope"> {
  return {
    hostName,
    ports: { https: httpsPort, amqps: amqpsPort, mqtts: mqttsPort, amqp: amqpPort },
    ca,
    caFile,
    idScope,
  };
}

function connectionStrings(
  { addresses }: Pick<LocalHub, "addresses">,
  policies: readonly Policy[],
): readonly LocalHubConnectionString[] {
  const { hostName, eventHubConnectionString, plainEventHubConnectionString, provisioningConnectionString } = addresses;
  return [
    ...policies.map(({ name, primaryKey, permissions }) => ({
      name,
      permissions,
      value: `HostName=${hostName};SharedAccessKeyName=${name};SharedAccessKey=${primaryKey}`,
    })),
    { name: "events", permissions: [], value: eventHubConnectionString },
    { name: "events_plain", permissions: [], value: plainEventHubConnectionString },
    { name: "provisioning", permissions: [], value: provisioningConnectionString },
  ];
}

function messageIn(json: unknown): string | null {
  const { Message: message } = (typeof json === "object" && json !== null ? json : {}) as { Message?: unknown };
  return typeof message === "string" ? withoutTracking(message) : null;
}

/** The hub's messages begin with its error's code and may end with ids for its support. */
function withoutTracking(message: string): string {
  return message.replace(/^ErrorCode:\w+;\s*/, "").replace(/\s*Tracking ID:.*$/s, "");
}

function parsed(body: Buffer): unknown {
  try {
    return body.length === 0 ? null : (JSON.parse(body.toString("utf8")) as unknown);
  } catch {
    return null;
  }
}
