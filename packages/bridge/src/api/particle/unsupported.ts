/** Parts of the device cloud's API that this server does not have: told plainly, so that nobody looks for a typing error. */
import type { FastifyInstance } from "fastify";
import { refusal } from "../api-error.ts";

const UNSUPPORTED: Readonly<Record<string, string>> = {
  "/v1/orgs": "This server has no organizations: use the sandbox or product routes",
  "/v1/webhooks": "This server has no webhooks: use the integrations routes with integration_type AzureIotHub",
  "/v1/products/:product/webhooks":
    "This server has no webhooks: use the integrations routes with integration_type AzureIotHub",
};

export function registerUnsupported(app: FastifyInstance): void {
  for (const [path, message] of Object.entries(UNSUPPORTED)) {
    const refuse = async (): Promise<never> => {
      throw refusal(501, message);
    };
    for (const url of [path, `${path}/*`]) {
      app.route({
        method: ["GET", "POST", "PUT", "DELETE"],
        url,
        onRequest: [refuse],
        handler: refuse,
        schema: { hide: true },
      });
    }
  }
}
