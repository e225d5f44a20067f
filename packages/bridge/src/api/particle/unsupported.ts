/** Parts of the device cloud's API that this server does not have: told plainly, so that nobody looks for a typing error. */
import type { FastifyInstance } from "fastify";
import { refusal } from "../api-error.ts";

const UNSUPPORTED: Readonly<Record<string, readonly [status: number, message: string]>> = {
  "/v1/orgs": [404, "This server has no organizations: use the sandbox or product routes"],
};

export function registerUnsupported(app: FastifyInstance): void {
  for (const [path, [status, message]] of Object.entries(UNSUPPORTED)) {
    const refuse = async (): Promise<never> => {
      throw refusal(status, message);
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
