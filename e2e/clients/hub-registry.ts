/**
 * Looks at a hub's registry, or changes it, with Microsoft's service SDK and prints JSON: `identity ID`, `twin ID`,
 * `create ID` or `delete ID`.
 * Arguments: connection string, HTTPS port, what, id.
 */
import { Agent } from "node:https";
import { createRequire } from "node:module";

interface ServiceRegistry {
  get(id: string): Promise<{ responseBody: unknown }>;
  getTwin(id: string): Promise<{ responseBody: { deviceId: string; tags: unknown; properties: unknown } }>;
  create(device: { deviceId: string }): Promise<{ responseBody: unknown }>;
  delete(id: string): Promise<unknown>;
  readonly _restApiClient: { setOptions(options: { http: { agent: Agent } }): void };
}

const { Registry } = createRequire(import.meta.url)("azure-iothub") as {
  Registry: { fromConnectionString(text: string): ServiceRegistry };
};
const [connectionString = "", port = "443", what = "identity", id = ""] = process.argv.slice(2);
const registry = Registry.fromConnectionString(connectionString);
// The SDK knows no port but 443; an agent can send it elsewhere.
registry._restApiClient.setOptions({ http: { agent: new Agent({ host: "localhost", port: Number(port) }) } });
try {
  if (what === "twin") {
    const { deviceId, tags, properties } = (await registry.getTwin(id)).responseBody;
    process.stdout.write(JSON.stringify({ deviceId, tags, properties }));
  } else if (what === "create") {
    process.stdout.write(JSON.stringify((await registry.create({ deviceId: id })).responseBody));
  } else if (what === "delete") {
    await registry.delete(id);
    process.stdout.write("{}");
  } else {
    process.stdout.write(JSON.stringify((await registry.get(id)).responseBody));
  }
} catch (error) {
  process.stdout.write(JSON.stringify({ error: (error as Error).name, message: (error as Error).message }));
}
