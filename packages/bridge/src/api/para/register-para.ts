/** Para's face: apps and their Things, called with an app's keys. */
import type { FastifyInstance } from "fastify";
import type { ApiDependencies } from "../dependencies.ts";
import { PARA_ROOT } from "../request-path.ts";
import { authenticatePara } from "./authentication.ts";
import { keepBodyBytes } from "./json-body.ts";
import { registerParaInfo } from "./info.ts";
import { registerParaSetup } from "./setup.ts";

/** Routes are written as `/v1/…`; the prefix by which they are kept apart from the other faces is added here. */
export function registerPara(app: FastifyInstance, dependencies: ApiDependencies): void {
  app.register(
    async (face) => {
      keepBodyBytes(face);
      authenticatePara(face, dependencies);
      registerParaInfo(face, dependencies);
      registerParaSetup(face, dependencies);
    },
    { prefix: PARA_ROOT },
  );
}
