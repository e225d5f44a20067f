import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HubError } from "../hub/errors.ts";
import { Hub } from "../hub/hub.ts";
import { makeAuthority } from "../testing/device-certificates.ts";
import { bulkEnroll } from "./bulk-enrollment.ts";
import { formatEnrollment } from "./enrollment.ts";
import { ProvisioningError } from "./errors.ts";
import { Provisioning } from "./provisioning.ts";
import type { Caller } from "./sign-in.ts";

let hub: Hub;
let provisioning: Provisioning;

beforeAll(async () => {
  hub = await Hub.open({ encodeEvent: () => Buffer.alloc(0), eventMemoryBytes: 1024 * 1024 });
  provisioning = await Provisioning.open(hub);
});

afterAll(() => hub.close());

const { certificate } = await makeAuthority("Root");

/** Values where others belong. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>,
  fc.constantFrom("", null, [], {}, "__proto__"),
);
const either = (right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 3, arbitrary: right }, anything);

const certificates = fc.record(
  {
    primary: either(fc.record({ certificate: either(fc.constantFrom(certificate, "LS0t", "MIIB")) })),
    secondary: anything,
  },
  { requiredKeys: [] },
);
const attestation = fc.oneof(
  fc.record({
    type: fc.constant("symmetricKey"),
    symmetricKey: either(fc.record({ primaryKey: either(fc.base64String()) })),
  }),
  fc.record({
    type: fc.constant("x509"),
    x509: either(fc.record({ clientCertificates: certificates, caReferences: anything }, { requiredKeys: [] })),
  }),
  anything,
);
const enrollment = fc.record(
  {
    registrationId: either(fc.constantFrom("a", "b-1")),
    attestation: either(attestation),
    deviceId: either(fc.string()),
    initialTwin: either(fc.record({ tags: anything, properties: anything }, { requiredKeys: [] })),
    capabilities: anything,
    reprovisionPolicy: anything,
    provisioningStatus: either(fc.constantFrom("enabled", "Disabled")),
    allocationPolicy: anything,
    iotHubs: anything,
    optionalDeviceInformation: anything,
  },
  { requiredKeys: [] },
);

function isRefusal(error: unknown): boolean {
  return error instanceof ProvisioningError || error instanceof HubError;
}

test("whatever is enrolled is kept and can be shown, or refused with a reason", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("a", "b-1", "__proto__", "", "x y"), either(enrollment), async (id, document) => {
      for (const enrollments of [provisioning.individuals, provisioning.groups]) {
        const outcome = await enrollments.put(id, document).then(
          (kept) => JSON.stringify(formatEnrollment(kept, { withKeys: true })),
          (error: unknown) => error,
        );
        expect(outcome).toSatisfy((it) => isRefusal(it) || typeof it === "string");
      }
    }),
    { numRuns: 400 },
  );
});

test("whatever is enrolled at once is answered for each", async () => {
  const operation = fc.record({
    mode: either(fc.constantFrom("create", "update", "updateIfMatchEtag", "delete", "constructor")),
    enrollments: either(fc.array(either(enrollment), { maxLength: 12 })),
  });
  await fc.assert(
    fc.asyncProperty(either(operation), async (document) => {
      const outcome = await bulkEnroll(provisioning.individuals, document).catch((error: unknown) => error);
      expect(outcome).toSatisfy(
        (it: { isSuccessful?: unknown }) => isRefusal(it) || typeof it.isSuccessful === "boolean",
      );
    }),
    { numRuns: 200 },
  );
});

test("no made-up credentials sign in, whatever is enrolled", async () => {
  const key = Buffer.alloc(32).toString("base64");
  await provisioning.individuals.put("known", {
    attestation: { type: "symmetricKey", symmetricKey: { primaryKey: key } },
  });
  const token = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.constantFrom(provisioning.idScope, "x"), fc.string(), fc.string(), fc.oneof(fc.integer(), fc.string()))
      .map(
        ([scope, id, sig, se]) =>
          `SharedAccessSignature sr=${scope}/registrations/${id}&sig=${sig}&se=${se}&skn=registration`,
      ),
  );
  const caller: fc.Arbitrary<Caller> = fc.record({
    idScope: fc.oneof(fc.constant(provisioning.idScope), fc.string()),
    registrationId: fc.oneof(fc.constantFrom("known", "KNOWN", "other"), fc.string()),
    token,
    certificates: fc.constant([]),
  });
  await fc.assert(
    fc.asyncProperty(caller, anything, async (who, document) => {
      await expect(provisioning.register(who, document)).rejects.toSatisfy(isRefusal);
    }),
    { numRuns: 400 },
  );
});
