/** Many Things deleted at once, at the server's pace. Started again it goes on with what is left. */
import { pathOf } from "../api-client.ts";
import type { ApiClient, Json } from "../api-client.ts";
import type { Options, Shown } from "../command-runner.ts";
import { countOption } from "../count-option.ts";
import { eachAtOnce } from "../each-at-once.ts";
import { failureIn, Patience } from "../patience.ts";
import { withProgress } from "../progress.ts";
import { RecentPace } from "../recent-pace.ts";
import type { Terminal } from "../terminal.ts";

const MAX_AT_ONCE = 64;
const PAGE = 1_000;

interface DeletingOptions {
  readonly api: ApiClient;
  readonly terminal: Terminal;
  readonly options: Options;
  /** Of the product's Things. */
  readonly path: string;
  /** `null`: all of them. */
  readonly query: string | null;
}

export async function deleteMany({ api, terminal, options, path, query }: DeletingOptions): Promise<Shown> {
  const atOnce = Math.min(countOption(options, "atOnce") ?? 8, MAX_AT_ONCE);
  const startedAt = terminal.now();
  const [pace, patience] = [new RecentPace(startedAt), new Patience(terminal.signal)];
  const ids = await idsOf(api, path, query);
  let deleted = 0;
  let gone = 0;
  const remove = async (id: string): Promise<void> => {
    try {
      await patience.with(() => api.call("DELETE", pathOf`/admin/v1/things/${id}`));
      deleted += 1;
    } catch (error) {
      if (failureIn(error).code !== "http_404") throw error;
      gone += 1;
    }
  };
  const line = (): string => {
    const done = deleted + gone;
    const words = [...pace.words(done, ids.length - done, terminal.now()), ...patience.words()];
    return [`${done} of ${ids.length}`, ...words].join(", ");
  };
  await withProgress(terminal, line, () => eachAtOnce(ids, { atOnce, goesOn: () => !terminal.signal.aborted }, remove));
  const seconds = ((terminal.now() - startedAt) / 1_000).toFixed(1);
  const text = `Deleted ${deleted} in ${seconds} s.${gone === 0 ? "" : ` ${gone} were gone already.`}\n`;
  return { json: { deleted, there_no_more: gone }, text };
}

async function idsOf(api: ApiClient, path: string, query: string | null): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let after: string | null = null; ;) {
    const asked = new URLSearchParams({
      limit: String(PAGE),
      ...(query !== null && { q: query }),
      ...(after !== null && { after }),
    });
    const page: Json = await api.call("GET", `${path}?${asked.toString()}`);
    for (const { id } of page["things"] as readonly Json[]) ids.push(String(id));
    after = page["next"] as string | null;
    if (after === null) return ids;
  }
}
