/** Para's face: apps and their Things, called with an app's keys. */
import type { FastifyInstance } from "fastify";
import type { ApiDependencies } from "../dependencies.ts";
import { PARA_ROOT } from "../request-path.ts";
import { registerAnyObject } from "./any-object.ts";
import { registerAppSearch } from "./app-search.ts";
import { registerParaApps } from "./apps.ts";
import { authenticatePara } from "./authentication.ts";
import { registerBatch } from "./batch.ts";
import { keepBodyBytes } from "./json-body.ts";
import { registerIdsAndTimes } from "./ids-and-times.ts";
import { registerParaInfo } from "./info.ts";
import { registerParaMe } from "./me.ts";
import { registerNotKept } from "./not-kept.ts";
import { registerOtherTypes } from "./other-types.ts";
import { registerSearch } from "./search.ts";
import { registerParaSetup } from "./setup.ts";
import { registerThingDevice } from "./thing-device.ts";
import { registerThings } from "./things.ts";

/** Routes are written as `/v1/…`; the prefix by which they are kept apart from the other faces is added here. */
export function registerPara(app: FastifyInstance, dependencies: ApiDependencies): void {
  app.register(
    async (face) => {
      keepBodyBytes(face);
      authenticatePara(face, dependencies);
      registerParaInfo(face, dependencies);
      registerParaSetup(face, dependencies);
      registerParaMe(face, dependencies);
      registerParaApps(face, dependencies);
      registerAppSearch(face, dependencies);
      registerAnyObject(face, dependencies);
      registerBatch(face, dependencies);
      registerSearch(face, dependencies);
      registerThings(face, dependencies);
      registerThingDevice(face, dependencies);
      registerIdsAndTimes(face, dependencies);
      registerNotKept(face);
      registerOtherTypes(face);
    },
    { prefix: PARA_ROOT },
  );
}
