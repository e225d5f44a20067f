/** The OpenAPI document: the routes with what they take, how they answer and who may call them. */
import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import { isParaUrl, PARA_ROOT } from "../request-path.ts";
import { ROUTE_INPUTS } from "./route-inputs.ts";
import type { RouteInput } from "./route-inputs.ts";

/** Called without a token: sign-in, what operators' tools ask, and webhooks, which bring a secret of their own. */
const OPEN_TAGS = new Set(["operations", "inbound"]);
const OPEN_ROUTES = new Set([
  "POST /oauth/token",
  "POST /admin/v1/sign-in-links/redeem",
  "DELETE /v1/access_tokens/{token}",
  "GET /v1/_health",
  "GET /v1/_setup",
]);

/** One of the two. */
const PARA_SECURITY = [{ paraSignature: [] }, { paraToken: [] }];

const PARA_ERROR = {
  description:
    "What is wrong. `code` is the status, `message` says it in words; `error` never changes its meaning; `next_step` says what to do.",
  type: "object",
  properties: {
    code: { type: "integer" },
    message: { type: "string" },
    error: { type: "string" },
    next_step: { type: "string" },
  },
  required: ["code", "message"],
} as const;

const ERROR = {
  description:
    "What is wrong. `error` says it in words; `code` never changes its meaning; `next_step` says what to do.",
  type: "object",
  properties: {
    ok: { type: "boolean" },
    error: { type: "string" },
    error_description: { type: "string" },
    info: { type: "string" },
    code: { type: "string" },
    next_step: { type: "string" },
  },
  required: ["error"],
} as const;

export const openApiDocument: FastifyDynamicSwaggerOptions = {
  openapi: {
    info: {
      title: "Isthmus",
      version: "1",
      description:
        "A fleet's device cloud joined to Azure IoT Hub. docs/api.md and the pages that it names explain the fields.",
    },
    components: {
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        paraSignature: {
          type: "apiKey",
          in: "header",
          name: "Authorization",
          description: "AWS Signature Version 4 with an app's keys: AWS4-HMAC-SHA256, service para, region us-east-1.",
        },
        paraToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "HS256 with an app's secret; claims appid (the access key) and exp.",
        },
      },
    },
    security: [{ token: [] }],
  },
  transform({ schema, url: routed, route }) {
    const isPara = isParaUrl(routed);
    const url = isPara ? routed.slice(PARA_ROOT.length) : routed;
    const key = `${String(route.method)} ${url.replaceAll(/:(\w+)/g, "{$1}")}`;
    const input = ROUTE_INPUTS[key] ?? {};
    const tags = (schema as { tags?: readonly string[] } | undefined)?.tags ?? [];
    const isOpen = OPEN_ROUTES.has(key) || tags.some((tag) => OPEN_TAGS.has(tag));
    const security = isOpen ? [] : isPara ? PARA_SECURITY : undefined;
    return {
      url,
      schema: { ...schema, ...documented(input, key, isPara), ...(security !== undefined && { security }) },
    };
  },
};

function documented({ query, body, list, status = 200 }: RouteInput, key: string, isPara: boolean): object {
  const fields = body === undefined ? {} : objectOf(body);
  return {
    ...(query !== undefined && { querystring: objectOf(query) }),
    ...(body !== undefined && {
      body: list === true ? { type: "array", items: fields } : fields,
      consumes: isPara ? ["application/json"] : mediaTypes(key),
    }),
    response: { [status]: { description: "Done", type: "null" }, default: isPara ? PARA_ERROR : ERROR },
  };
}

function mediaTypes(key: string): readonly string[] {
  const form = "application/x-www-form-urlencoded";
  if (key === "POST /oauth/token") return [form];
  if (key.endsWith("/batch")) return ["application/json", "application/x-ndjson"];
  return ["application/json", form];
}

/** `id! count:integer` as a schema. */
function objectOf(fields: string): object {
  const parsed = fields.split(" ").map((field) => {
    const [, name, required, type = "string"] = /^(\w+)(!?)(?::(\w+))?$/.exec(field)!;
    return { name: name!, required: required === "!", type };
  });
  const required = parsed.filter((field) => field.required).map(({ name }) => name);
  return {
    type: "object",
    properties: Object.fromEntries(
      parsed.map(({ name, type }) => [name, { type, ...(type === "array" && { items: {} }) }]),
    ),
    // OpenAPI 3.0 has no empty list here.
    ...(required.length > 0 && { required }),
  };
}
