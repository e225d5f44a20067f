import type { Command } from "commander";
import { pathOf } from "../api-client.ts";
import type { ApiClient, Json } from "../api-client.ts";
import { colors } from "../colors.ts";
import type { Does } from "../command-runner.ts";
import { cell } from "../table.ts";

interface Check {
  readonly name: string;
  readonly ok: boolean | "skipped";
  readonly message: string;
  readonly next_step?: string;
}

const NAME_WIDTH = "name_resolution".length;

export function registerDoctor(program: Command, does: Does): void {
  const doctor = program
    .command("doctor [integration]")
    .description("try everything that an integration needs of its hub; all of them when none is named");
  does(doctor, async ({ api, args: [id] }) => {
    const integrations = id === undefined ? await hubIntegrations(api) : [{ id }];
    const reports: Json[] = [];
    let text = "";
    for (const integration of integrations) {
      const json = await api.call("POST", pathOf`/admin/v1/integrations/${String(integration.id)}/doctor`);
      reports.push({ integration: integration.id, ...json });
      text += reportText(integration, json);
    }
    const failed = reports.some((report) => report["pass"] !== true);
    const json = id === undefined ? { reports } : reports[0];
    return { json, text: text === "" ? "No integration has a hub.\n" : text, failed };
  });
}

interface Named {
  readonly id: unknown;
  readonly name?: unknown;
}

async function hubIntegrations(api: ApiClient): Promise<readonly Named[]> {
  const { products } = await api.call("GET", "/v1/products");
  const lists = await Promise.all([
    api.list("/v1/integrations"),
    ...(products as readonly Json[]).map(({ slug }) => api.list(pathOf`/v1/products/${String(slug)}/integrations`)),
  ]);
  const hubs = lists.flat().filter((integration) => integration["integration_type"] === "AzureIotHub");
  return hubs.map(({ id, name }) => ({ id, name }));
}

function reportText({ id, name }: Named, report: Json): string {
  const checks = report["checks"] as readonly Check[];
  const title = name === undefined ? cell(id) : `${cell(name)} (${cell(id)})`;
  const verdict = report["pass"] === true ? "All is well.\n" : "Something needs you.\n";
  return `${colors.bold(title)}\n${checks.map(checkText).join("")}${verdict}\n`;
}

function checkText({ name, ok, message, next_step: step }: Check): string {
  const mark = ok === "skipped" ? colors.dim("-") : ok ? colors.green("\u2713") : colors.red("\u2717");
  const words = ok === "skipped" ? colors.dim(cell(message)) : cell(message);
  const next = step === undefined ? "" : `    ${" ".repeat(NAME_WIDTH)}  ${colors.yellow("Next:")} ${cell(step)}\n`;
  return `  ${mark} ${cell(name).padEnd(NAME_WIDTH)}  ${words}\n${next}`;
}
