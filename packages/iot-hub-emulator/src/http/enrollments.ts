/** The service API of the provisioning service: enrollments, groups of them, and what became of the devices. */
import { requireObject } from "../hub/registry/identity-fields.ts";
import { bulkEnroll } from "../provisioning/bulk-enrollment.ts";
import { formatEnrollment } from "../provisioning/enrollment.ts";
import type { Enrollment } from "../provisioning/enrollment.ts";
import type { Enrollments } from "../provisioning/enrollments.ts";
import { ProvisioningError } from "../provisioning/errors.ts";
import { formatAttestation } from "../provisioning/attestation.ts";
import { pageOf } from "../provisioning/pages.ts";
import type { Provisioning } from "../provisioning/provisioning.ts";
import { formatRegistration } from "../provisioning/registrations.ts";
import { preconditionOf, readJson } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";
import { pageRequestOf, pageResponse } from "./queries.ts";

/** Two certificates and a twin at its limits. */
const ENROLLMENT_BYTES: number = 256 * 1024;
const BULK_BYTES: number = 1024 * 1024;

type Handle = (request: HubRequest) => HubResponse | Promise<HubResponse>;

export function enrollmentRoutes(provisioning: Provisioning): readonly Route[] {
  const route = (method: Route["method"], path: string, handle: Handle, maxBody = ENROLLMENT_BYTES): Route => ({
    method,
    path,
    access: { kind: "public" },
    maxBody,
    handle: (request) => {
      provisioning.authorizeService(request.headers.authorization ?? "");
      requireVersion(request);
      return handle(request);
    },
  });
  const { individuals, groups, registrations } = provisioning;
  const shown = (enrollment: Enrollment): Readonly<Record<string, unknown>> => show(provisioning, enrollment);
  return [
    ...crudRoutes(route, "/enrollments", individuals, shown),
    ...crudRoutes(route, "/enrollmentGroups", groups, shown),
    route(
      "POST",
      "/enrollments",
      async (request) => ({
        status: 200,
        json: await bulkEnroll(individuals, readJson(request)),
      }),
      BULK_BYTES,
    ),
    route("GET", "/registrations/:id", ({ params }) => {
      const registration = registrations.get(params["id"] ?? "");
      return found(formatRegistration(registration));
    }),
    route("DELETE", "/registrations/:id", async (request) => {
      await registrations.delete(request.params["id"] ?? "", preconditionOf(request, "if-match"));
      return { status: 204 };
    }),
    route("POST", "/registrations/:id/query", (request) => {
      const { id } = groups.get(request.params["id"] ?? "");
      const states = [...registrations.ofGroup(id)].map(formatRegistration);
      return page(request, states, "registrationId", "deviceRegistration");
    }),
  ];
}

type MakeRoute = (method: Route["method"], path: string, handle: Handle) => Route;

function crudRoutes(
  route: MakeRoute,
  path: "/enrollments" | "/enrollmentGroups",
  enrollments: Enrollments,
  shown: (enrollment: Enrollment) => Readonly<Record<string, unknown>>,
): readonly Route[] {
  const idOf = ({ params }: HubRequest): string => params["id"] ?? "";
  const isGroup = path === "/enrollmentGroups";
  const [idField, itemType] = isGroup ? ["enrollmentGroupId", "enrollmentGroup"] : ["registrationId", "enrollment"];
  return [
    route("PUT", `${path}/:id`, async (request) => {
      const enrollment = await enrollments.put(idOf(request), readJson(request), preconditionOf(request, "if-match"));
      // Keys are shown to the client that has just set or been given them.
      return found(formatEnrollment(enrollment, { withKeys: true }));
    }),
    route("GET", `${path}/:id`, (request) => found(shown(enrollments.get(idOf(request))))),
    route("DELETE", `${path}/:id`, async (request) => {
      await enrollments.delete(idOf(request), preconditionOf(request, "if-match"));
      return { status: 204 };
    }),
    route("POST", `${path}/:id/attestationmechanism`, (request) => {
      const { attestation } = enrollments.get(idOf(request));
      return { status: 200, json: formatAttestation(attestation, { withKeys: true }) };
    }),
    route("POST", `${path}/query`, (request) => page(request, [...enrollments.values()].map(shown), idField, itemType)),
  ];
}

function show({ registrations }: Provisioning, enrollment: Enrollment): Readonly<Record<string, unknown>> {
  const registration = enrollment.kind === "individual" ? registrations.find(enrollment.id) : undefined;
  return formatEnrollment(enrollment, registration && { registrationState: formatRegistration(registration) });
}

function page(
  request: HubRequest,
  rows: readonly Readonly<Record<string, unknown>>[],
  idField: string,
  itemType: string,
): HubResponse {
  const { query } = requireObject(readJson(request), "The body");
  const found = pageOf(rows, idField, { query, ...pageRequestOf(request) });
  return pageResponse(found.rows, itemType, found.continuation);
}

function found(json: Readonly<Record<string, unknown>>): HubResponse {
  return { status: 200, json, headers: { ETag: String(json["etag"]) } };
}

/** Throws `ProvisioningError`. */
export function requireVersion({ query }: HubRequest): void {
  if (!query.get("api-version")) {
    throw new ProvisioningError("BadRequest", "The query parameter api-version is missing.");
  }
}
