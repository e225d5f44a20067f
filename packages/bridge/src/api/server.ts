/** The HTTP server: its limits, its headers, and the faces that it carries. */
import multipart from "@fastify/multipart";
import swagger from "@fastify/swagger";
import { fastify, LogController } from "fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { registerAccounts } from "./admin/accounts.ts";
import { registerAppKeys } from "./admin/app-keys.ts";
import { registerBackups } from "./admin/backups.ts";
import { registerDeliveries } from "./admin/deliveries.ts";
import { registerAllThings } from "./admin/all-things.ts";
import { registerDeviceList } from "./admin/devices.ts";
import { registerDeviceHubs } from "./admin/device-hubs.ts";
import { registerDeviceStates } from "./admin/device-states.ts";
import { registerDoctor } from "./admin/doctor.ts";
import { registerDraftDoctor } from "./admin/draft-doctor.ts";
import { registerIntegrationOverview } from "./admin/integration-overview.ts";
import { registerEventLook } from "./admin/events.ts";
import { registerFailures } from "./admin/failures.ts";
import { registerMatching } from "./admin/matching.ts";
import { registerConnections } from "./admin/connections.ts";
import { registerHubIdentities } from "./admin/hub-identities.ts";
import { registerHubs } from "./admin/hubs.ts";
import { registerIntegrationDetail } from "./admin/integration-detail.ts";
import { registerIntegrationState } from "./admin/integration-state.ts";
import { registerLocalHub } from "./admin/local-hub.ts";
import { registerOverview } from "./admin/overview/overview.ts";
import { registerSignInLinks } from "./admin/sign-in-links.ts";
import { registerSecrets } from "./admin/secrets.ts";
import { registerSources } from "./admin/sources.ts";
import { registerTransfers } from "./admin/transfers.ts";
import { registerReplays } from "./admin/replays.ts";
import { registerRetention } from "./admin/retention.ts";
import { registerStateSettings } from "./admin/state-settings.ts";
import { registerThings } from "./admin/things.ts";
import { registerAudit } from "./admin/audit.ts";
import { registerAbout } from "./admin/about.ts";
import { registerAccessTokenList } from "./admin/access-tokens.ts";
import { recordChanges } from "./audit.ts";
import { createAuthentication } from "./authentication.ts";
import { openApiDocument } from "./openapi/describe-routes.ts";
import { parseBodies, compressionRefusal } from "./bodies.ts";
import { registerConsole } from "./console.ts";
import { closePromptly } from "./closing.ts";
import { makeRoomWhenFull } from "./crowding.ts";
import type { ApiDependencies } from "./dependencies.ts";
import {
  answerExpectation,
  answerMalformedPath,
  answerSocketError,
  handleErrors,
  hostRefusal,
} from "./error-handling.ts";
import { registerInbound } from "./inbound.ts";
import { watchMethods } from "./known-methods.ts";
import { createAddressLimit, limitAddresses } from "./limits/address-limit.ts";
import { registerOperations } from "./operations.ts";
import { registerAccessTokens } from "./particle/access-tokens.ts";
import { registerDeviceCalls } from "./particle/device-calls.ts";
import { registerDeviceGroups } from "./particle/device-groups.ts";
import { registerDevices } from "./particle/devices.ts";
import { registerEventBatches } from "./particle/event-batches.ts";
import { registerEvents } from "./particle/events.ts";
import { registerEventStreams } from "./particle/event-streams.ts";
import { registerIntegrationPreview } from "./particle/integration-preview.ts";
import { registerIntegrationTests } from "./particle/integration-tests.ts";
import { registerIntegrations } from "./particle/integrations.ts";
import { registerMetrics } from "./particle/metrics.ts";
import { registerOauth } from "./particle/oauth.ts";
import { OpenStreams } from "./particle/open-streams.ts";
import { registerProductDevices } from "./particle/product-devices.ts";
import { registerProducts } from "./particle/products.ts";
import { registerTeam } from "./particle/team.ts";
import { registerUnsupported } from "./particle/unsupported.ts";
import { registerUser } from "./particle/user.ts";
import { registerPara } from "./para/register-para.ts";
import { routedUrl } from "./request-path.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";
import { createSignIn } from "./sign-in.ts";
import { createStreamDoor } from "./stream-door.ts";

/** Slow senders and floods are cut off here; figures in milliseconds, bytes and connections. */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  /** Longer than common load balancers keep theirs, so that they close first. */
  keepAliveTimeout: 72_000,
  timeoutCheckInterval: 1_000,
  body: 1024 * 1024,
  deviceFile: 10 * 1024 * 1024,
  connections: 2_000,
  pathParameter: 300,
} as const;

/** Builds the server; `listen` and `close` are the caller's. */
export function createApi(dependencies: ApiDependencies): FastifyInstance {
  const { trustedProxies } = dependencies.limits;
  const app = fastify({
    loggerInstance: dependencies.log,
    // One logger for all: a child for every request costs more than the few lines that are ever written.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: LIMITS.body,
    requestTimeout: LIMITS.requestTimeout,
    keepAliveTimeout: LIMITS.keepAliveTimeout,
    // Without proxies to trust nobody's word is taken for where a request comes from.
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    rewriteUrl: routedUrl,
    routerOptions: { maxParamLength: LIMITS.pathParameter },
    http: {
      headersTimeout: LIMITS.headersTimeout,
      connectionsCheckingInterval: LIMITS.timeoutCheckInterval,
      requireHostHeader: false,
    },
    frameworkErrors: answerMalformedPath as never,
    clientErrorHandler: answerSocketError,
  }) as unknown as FastifyInstance;
  app.server.maxConnections = LIMITS.connections;
  app.server.on("checkExpectation", answerExpectation);
  closePromptly(app);
  makeRoomWhenFull(app, dependencies.limits.elapsed);
  const addressLimit = createAddressLimit(dependencies.limits.address, dependencies);
  handleErrors(app, addressLimit);
  parseBodies(app);
  app.addHook("onRequest", secure);
  limitAddresses(app, addressLimit);
  recordChanges(app, dependencies);
  app.register(multipart, { limits: { fileSize: LIMITS.deviceFile, files: 1, fields: 8, parts: 9 } });
  app.register(swagger, openApiDocument);
  app.register(async (faces) => registerFaces(faces, dependencies));
  return app;
}

function registerFaces(app: FastifyInstance, dependencies: ApiDependencies): void {
  const authentication = createAuthentication(dependencies.directory, dependencies.now);
  const streams = new OpenStreams({ log: dependencies.log });
  const enterStream = createStreamDoor(app, dependencies, streams);
  const signIn = createSignIn(dependencies);
  const refuseOtherMethods = watchMethods(app);
  registerOperations(app, dependencies);
  registerConsole(app, dependencies.consoleFiles);
  registerOauth(app, dependencies, signIn);
  registerSignInLinks(app, dependencies, authentication, signIn);
  registerAccessTokens(app, dependencies, authentication, streams);
  registerAccessTokenList(app, dependencies, authentication, streams);
  registerAbout(app, dependencies, authentication);
  registerAudit(app, dependencies, authentication);
  registerUser(app, dependencies, authentication, { signIn, streams });
  registerAccounts(app, dependencies, authentication, { signIn, streams });
  registerEvents(app, dependencies, authentication);
  registerEventBatches(app, dependencies, authentication);
  registerEventStreams(app, dependencies, authentication, enterStream);
  registerDevices(app, dependencies, authentication);
  registerDeviceCalls(app, dependencies, authentication);
  registerProducts(app, dependencies, authentication);
  registerTeam(app, dependencies, authentication, streams);
  registerProductDevices(app, dependencies, authentication);
  registerDeviceGroups(app, dependencies, authentication);
  registerIntegrations(app, dependencies, authentication);
  registerIntegrationPreview(app, dependencies, authentication);
  registerIntegrationTests(app, dependencies, authentication);
  registerUnsupported(app);
  registerDeliveries(app, dependencies, authentication);
  registerIntegrationDetail(app, dependencies, authentication);
  registerIntegrationState(app, dependencies, authentication);
  registerLocalHub(app, dependencies, authentication);
  registerOverview(app, dependencies, authentication);
  registerSecrets(app, dependencies, authentication);
  registerBackups(app, dependencies, authentication);
  registerDoctor(app, dependencies, authentication);
  registerDraftDoctor(app, dependencies, authentication);
  registerIntegrationOverview(app, dependencies, authentication);
  registerEventLook(app, dependencies, authentication, enterStream);
  registerFailures(app, dependencies, authentication);
  registerReplays(app, dependencies, authentication);
  registerRetention(app, dependencies, authentication);
  registerDeviceList(app, dependencies, authentication);
  registerDeviceStates(app, dependencies, authentication);
  registerDeviceHubs(app, dependencies, authentication);
  registerStateSettings(app, dependencies, authentication);
  registerAllThings(app, dependencies, authentication);
  registerThings(app, dependencies, authentication);
  registerAppKeys(app, dependencies, authentication);
  registerMetrics(app, dependencies, authentication);
  registerConnections(app, dependencies, authentication);
  registerHubIdentities(app, dependencies, authentication);
  registerHubs(app, dependencies, authentication);
  registerMatching(app, dependencies, authentication);
  registerSources(app, dependencies, authentication);
  registerInbound(app, dependencies);
  registerTransfers(app, dependencies, authentication);
  registerPara(app, dependencies);
  // Last, when the routes of inner contexts are there too.
  app.register(async () => refuseOtherMethods());
}

function secure(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
  reply.headers(SECURITY_HEADERS);
  done(hostRefusal(request) ?? compressionRefusal(request));
}
