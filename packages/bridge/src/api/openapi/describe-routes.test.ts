import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";
import { PARA_ROUTES } from "../testing/para-route-table.ts";
import { OPEN_ROUTES, ROUTES } from "../testing/route-table.ts";
import { ROUTE_INPUTS } from "./route-inputs.ts";

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { schema: { properties: object; required?: string[] } }>>;
  };
  readonly responses: Readonly<Record<string, unknown>>;
  readonly security?: readonly object[];
}

let api: TestApi;
let operations: ReadonlyMap<string, Operation>;

beforeEach(async () => {
  api = createTestApi();
  await api.app.ready();
  const document = (await api.app.inject({ url: "/openapi.json" })).json() as {
    paths: Record<string, Record<string, Operation>>;
  };
  operations = new Map(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
    ),
  );
});

afterEach(() => api.app.close());

/** The operation that a row of the route table calls: the one with the most words of its own. */
function operationOf(route: string): Operation | undefined {
  const path = route.replace(/\?.*/, "");
  const fits = [...operations.keys()].filter((key) => patternOf(key).test(path));
  const [first] = fits.toSorted((a, b) => placeholders(a) - placeholders(b));
  return first === undefined ? undefined : operations.get(first);
}

function patternOf(key: string): RegExp {
  return new RegExp(`^${key.replaceAll(/\{\w+\}/g, "[^/]+")}$`);
}

function placeholders(key: string): number {
  return key.split("{").length;
}

test("every row of the table is a route's", () => {
  expect(Object.keys(ROUTE_INPUTS).filter((route) => !operations.has(route))).toEqual([]);
});

test("the status of success is the one that the routes answer with", () => {
  const wrong = ROUTES.filter(([, , owner]) => owner < 300).filter(([route, , owner]) => {
    return operationOf(route)?.responses[String(owner)] === undefined;
  });
  expect(wrong.map(([route, , owner]) => `${route} ${owner}`)).toEqual([]);
});

test("what a route table's row sends is described", () => {
  const missing = ROUTES.flatMap(([route, , , , extra]) => {
    const described = operationOf(route)?.requestBody?.content["application/json"]?.schema;
    const names = Object.keys(extra?.body ?? {});
    return names.filter((name) => !(name in (described?.properties ?? {}))).map((name) => `${route} ${name}`);
  });
  expect(missing).toEqual([]);
});

test("fields of queries and bodies are named with their types, and errors have a shape", () => {
  const gaps = operations.get("GET /admin/v1/products/{product}/sources/{source}/gaps")!;
  expect(gaps.parameters?.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["limit", "before", "product", "source"]),
  );
  const claim = operations.get("POST /v1/devices")!;
  expect(claim.requestBody?.content["application/json"]?.schema).toMatchObject({
    properties: { id: { type: "string" }, request_transfer: { type: "boolean" } },
    required: ["id"],
  });
  expect(claim.responses["default"]).toMatchObject({ description: expect.stringContaining("next_step") as string });
});

test("no list of required fields is empty, which OpenAPI 3.0 does not have", async () => {
  expect((await api.app.inject({ url: "/openapi.json" })).body).not.toContain('"required":[]');
});

test("what is called without a token says so", () => {
  const open = [...operations].filter(([, { security }]) => security?.length === 0).map(([route]) => route);
  expect(open.toSorted()).toEqual(OPEN_ROUTES.map((route) => route.replaceAll(/:(\w+)/g, "{$1}")).toSorted());
});

test("in Para's face too statuses and bodies are described, and who may call", () => {
  for (const { route, own, body } of PARA_ROUTES) {
    const operation = operations.get(
      route
        .replaceAll(/:thing/g, "{id}")
        .replaceAll(/:newApp/g, "{app}")
        .replaceAll(/:(\w+)/g, "{$1}"),
    );
    expect({ route, security: operation?.security }).toEqual({
      route,
      security: [{ paraSignature: [] }, { paraToken: [] }],
    });
    const statuses = Object.keys(operation!.responses);
    expect({ route, statuses }).toEqual({ route, statuses: [own < 300 ? String(own) : "200", "default"] });
    const schema = operation!.requestBody?.content["application/json"]?.schema as
      | { properties?: object; items?: { properties: object } }
      | undefined;
    const described = Object.keys(schema?.items?.properties ?? schema?.properties ?? {});
    const sent = Object.keys([body ?? {}].flat()[0] as object);
    expect({ route, undescribed: sent.filter((name) => !described.includes(name)) }).toEqual({
      route,
      undescribed: [],
    });
  }
  expect(operations.get("GET /v1/_me")?.responses["default"]).toMatchObject({
    description: expect.stringContaining("`code` is the status") as string,
  });
});
