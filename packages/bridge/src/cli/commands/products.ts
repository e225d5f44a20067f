import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import type { Json } from "../api-client.ts";
import { textOption } from "../command-runner.ts";
import type { Does } from "../command-runner.ts";
import { relativeTime } from "../relative-time.ts";
import { card, table } from "../table.ts";
import { deviceTable } from "./devices.ts";

/** Devices on one page of the list. */
const PER_PAGE = "100";

export function registerProducts(program: Command, does: Does): void {
  const products = program.command("products").description("fleets with devices and integrations of their own");

  does(products.command("list").description("list products"), async ({ api, terminal }) => {
    const json = await api.call("GET", "/v1/products");
    const rows = (json["products"] as readonly Json[]).map((product) => [
      product["id"],
      product["slug"],
      product["name"],
      relativeTime(product["created_at"], terminal.now()),
    ]);
    const nothing = "No products. Make one: isthmus products create NAME";
    return { json, text: table(["ID", "SLUG", "NAME", "CREATED"], rows, nothing) };
  });

  const create = products
    .command("create <name>")
    .description("make a product")
    .option("--slug <slug>", "name in addresses; made from the name when left out")
    .option("--description <text>", "what it is for");
  does(create, async ({ api, args: [name], options }) => {
    const slug = textOption(options, "slug");
    const description = textOption(options, "description");
    const product = { name, ...(slug !== undefined && { slug }), ...(description !== undefined && { description }) };
    const json = await api.call("POST", "/v1/products", { product });
    return { json, text: productCard(json["product"] as Json) };
  });

  does(products.command("show <product>").description("show one product"), async ({ api, args: [product] }) => {
    const json = await api.call("GET", pathOf`/v1/products/${product!}`);
    return { json, text: productCard(json["product"] as Json) };
  });

  const devices = products
    .command("devices <product>")
    .description("list a product's devices")
    .option("--page <number>", "page of the list", "1");
  does(devices, async ({ api, args: [product], options, terminal }) => {
    const query = new URLSearchParams({ per_page: PER_PAGE, page: textOption(options, "page") ?? "1" });
    const json = await api.call("GET", `${pathOf`/v1/products/${product!}/devices`}?${query.toString()}`);
    const { total, total_pages: pages } = json["meta"] as { total: number; total_pages: number };
    const footer = pages > 1 ? `${total} devices on ${pages} pages.\n` : "";
    return { json, text: deviceTable(json["devices"] as readonly Json[], terminal.now()) + footer };
  });

  const addDevice = products.command("add-device <product> <ids...>").description("add or approve devices");
  does(addDevice, async ({ api, args: [product, ...ids] }) => {
    const results: Json[] = [];
    for (const id of ids) results.push(await api.call("POST", pathOf`/v1/products/${product!}/devices`, { id }));
    const json = importResult(results);
    const refused = json.nonmemberDeviceIds.length + json.invalidDeviceIds.length;
    const text = [
      `Added or approved ${json.updated}.\n`,
      ...json.nonmemberDeviceIds.map((id) => `${id} belongs to another product or account.\n`),
      ...json.invalidDeviceIds.map((id) => `${id} is not a device id: 24 hexadecimal digits.\n`),
    ].join("");
    return { json, text, failed: refused > 0 };
  });
}

interface ImportResult {
  readonly updated: number;
  readonly nonmemberDeviceIds: readonly string[];
  readonly invalidDeviceIds: readonly string[];
}

function importResult(results: readonly Json[]): ImportResult {
  const ids = (field: string): readonly string[] => results.flatMap((result) => result[field] as readonly string[]);
  const updated = results.reduce((sum, result) => sum + Number(result["updated"]), 0);
  return { updated, nonmemberDeviceIds: ids("nonmemberDeviceIds"), invalidDeviceIds: ids("invalidDeviceIds") };
}

function productCard(product: Json): string {
  return card(["id", "slug", "name", "description", "created_at"].map((field) => [field, product[field]] as const));
}
