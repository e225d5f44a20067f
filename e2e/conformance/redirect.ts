/**
 * Asks a hub for its Event Hubs-compatible endpoint as Microsoft's samples do: a receiver on the hub's own host is
 * detached with `amqp:link:redirect`, whose address names host and entity.
 */
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import type * as Rhea from "rhea";

const rhea = createRequire(import.meta.url)("rhea") as typeof Rhea;

export async function eventHubConnectionStringOf(connectionString: string, port = 5671): Promise<string> {
  const field = (name: string): string => new RegExp(`${name}=([^;]+)`, "i").exec(connectionString)?.[1] ?? "";
  const [host, policy, key] = [field("HostName"), field("SharedAccessKeyName"), field("SharedAccessKey")];
  const { hostname, address } = await redirectOf(host, port, policy, key);
  const entity = /:\d+\/(.*)\/\$management/.exec(address)?.[1] ?? "";
  return `Endpoint=sb://${hostname}/;SharedAccessKeyName=${policy};SharedAccessKey=${key};EntityPath=${entity}`;
}

function redirectOf(
  host: string,
  port: number,
  policy: string,
  key: string,
): Promise<{ readonly hostname: string; readonly address: string }> {
  const container = rhea.create_container();
  const connection = container.connect({
    transport: "tls",
    host,
    hostname: host,
    port,
    servername: host,
    username: `${policy}@sas.root.${host.split(".")[0]}`,
    password: sas(`${host}/messages/events`, policy, key),
    reconnect: false,
  } as never);
  return new Promise((resolve, reject) => {
    connection.open_receiver({ source: { address: `amqps://${host}/messages/events/$management` } });
    container.on("receiver_error", ({ receiver }: Rhea.EventContext) => {
      const error = receiver?.error as { condition?: string; info?: Record<string, string> } | undefined;
      connection.close();
      if (error?.condition !== "amqp:link:redirect") return reject(new Error(`No redirect: ${JSON.stringify(error)}`));
      resolve({ hostname: error.info?.["hostname"] ?? "", address: error.info?.["address"] ?? "" });
    });
    for (const event of ["connection_error", "disconnected", "error"]) {
      container.on(event, (context: Rhea.EventContext) =>
        reject(new Error(`${event}: ${String(context.error ?? "")}`)),
      );
    }
  });
}

function sas(resource: string, policy: string, key: string): string {
  const [sr, se] = [encodeURIComponent(resource), Math.ceil(Date.now() / 1000) + 3600];
  const sig = createHmac("sha256", Buffer.from(key, "base64")).update(`${sr}\n${se}`).digest("base64");
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}&skn=${policy}`;
}
