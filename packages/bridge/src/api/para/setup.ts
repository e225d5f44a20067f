/** How apps come to their keys: the root app's once, by whoever sits at this machine; other apps' by the root app. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { newAppSecret } from "../../core/ids.ts";
import type { Product } from "../../core/product.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { accessKeyOf, appIdentifier } from "./access-key.ts";
import { paraCaller } from "./authentication.ts";
import { paraError } from "./para-error.ts";

interface OfApp {
  Params: { app: string };
  Querystring: Record<string, unknown>;
}

const tags = ["para"];
const ALL_SET = { message: "All set!" };
const MAX_SLUG = 63;
const MAX_NAME = 100;
const LOOPBACK = /^(?:::1|(?:::ffff:)?127\.\d+\.\d+\.\d+)$/;
const LOCAL_HOST = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i;
/** What a browser says of a request: asked for by whoever sits before it. Other programs say nothing. */
const FROM_HERE = new Set<unknown>([undefined, "none"]);
const FORWARDED = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

export function registerParaSetup(app: FastifyInstance, { directory, appKeys, log }: ApiDependencies): void {
  const making = new Set<string>();

  app.get(
    "/v1/_setup",
    { config: { para: "public" }, schema: { summary: "The root app's keys, once, at this machine", tags } },
    async (request) => {
      const root = isAtThisMachine(request) ? await appKeys.rootApp() : null;
      if (root === null || !(await appKeys.takeRootSetup())) return ALL_SET;
      log.info({ productId: root.id }, "root_app.shown");
      return keysShown(root, (await appKeys.appSecret(root.id)) ?? (await renew(root)));
    },
  );

  app.get<OfApp>(
    "/v1/_setup/:app",
    { schema: { summary: "Make an app (the root app only)", tags } },
    async (request) => {
      const { isRoot, product: root } = paraCaller(request);
      if (!isRoot) throw paraError(403, "Only root app can create and initialize other apps.", { error: "not_root" });
      const slug = slugIn(request.params.app);
      const name = nameIn(request.query) ?? slug;
      // Two that make the same app at once must not each show keys of which one pair is dead.
      if (making.has(slug)) return ALL_SET;
      making.add(slug);
      try {
        return await make({ ownerId: root.ownerId, name, slug, description: "" });
      } finally {
        making.delete(slug);
      }
    },
  );

  app.post("/v1/_newkeys", { schema: { summary: "Make the app's keys anew", tags } }, async (request) => {
    const { product, accessKey } = paraCaller(request);
    const secretKey = await renew(product);
    log.info({ productId: product.id }, "app_keys.renewed");
    return { accessKey, secretKey, info: "Save the secret key - it is shown only once!" };
  });

  async function make(app: Parameters<typeof directory.createProduct>[0]): Promise<Record<string, string>> {
    const made = await directory.createProduct(app);
    const product = made ?? (await directory.product(app.slug));
    if (product === null || !(await lacksKeys(product, app.ownerId))) return ALL_SET;
    log.info({ productId: product.id }, "app.made");
    return keysShown(product, await renew(product));
  }

  async function renew({ id }: Product): Promise<string> {
    const secret = newAppSecret();
    await appKeys.renewAppSecret(id, secret);
    return secret;
  }

  /** Made now, or left without keys by a start that was cut short. Another account's product is none of the root's. */
  async function lacksKeys(product: Product, ownerId: string): Promise<boolean> {
    return product.ownerId === ownerId && (await appKeys.appSecret(product.id)) === null;
  }
}

function keysShown(product: Product, secretKey: string): Record<string, string> {
  return {
    accessKey: accessKeyOf(product),
    message: "Save these keys - they are shown only once!",
    secretKey,
  };
}

/** By the socket and by what it asked for: not through a proxy, and not a browser that a name of somebody else's led here. */
function isAtThisMachine({ raw, headers }: FastifyRequest): boolean {
  return (
    LOOPBACK.test(raw.socket.remoteAddress ?? "") &&
    LOCAL_HOST.test(headers.host ?? "") &&
    headers.origin === undefined &&
    // A page of another site that asks for it cannot read the answer, but it would be the one that is shown.
    FROM_HERE.has(headers["sec-fetch-site"]) &&
    // As a proxy asks that tells nothing of whom it asks for.
    raw.httpVersion !== "1.0" &&
    FORWARDED.every((name) => headers[name] === undefined)
  );
}

function slugIn(name: string): string {
  const slug = appIdentifier(name);
  if (slug === "" || slug.length > MAX_SLUG || /^\d+$/.test(slug)) {
    throw paraError(
      400,
      `An app's name has letters a-z, at most ${MAX_SLUG} characters; digits and dashes beside them.`,
    );
  }
  return slug;
}

function nameIn({ name }: Readonly<Record<string, unknown>>): string | null {
  if (name === undefined || name === "") return null;
  if (typeof name !== "string" || name.length > MAX_NAME || /\p{Cc}|\p{Cs}/u.test(name) || name.trim() === "") {
    throw paraError(400, `name must be a text of at most ${MAX_NAME} characters.`);
  }
  return name.trim();
}
