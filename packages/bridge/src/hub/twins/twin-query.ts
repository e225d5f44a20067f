/** Many twins at once, by the hub's query language. What it tells may be some seconds old. */
import { isDeviceId } from "iot-hub-protocol";
import { fail, succeed } from "../../core/failure.ts";
import type { Result } from "../../core/failure.ts";
import type { TwinGlance, TwinView } from "../../core/twin-hub.ts";
import { isSuccess, parseList } from "../registry-requests.ts";
import type { RegistryRequests } from "../registry-requests.ts";
import { ANSWER_TOO_LONG } from "../registry-transport.ts";
import { twinGlance, twinView } from "./twin-views.ts";

export interface PageOf<T> {
  readonly twins: readonly T[];
  /** `null` after the last. */
  readonly next: string | null;
}

export interface PageAsked {
  readonly page: string | null;
  readonly size: number;
}

type Row = Readonly<Record<string, unknown>>;

const GLANCE = "SELECT deviceId, etag, version, status, connectionState, lastActivityTime FROM devices";
const LONGEST_QUERY = 8_192;
/** As many rows as a hub puts on a page at most. */
const MOST_ROWS = 1_000;
/** A query names some hundred devices: one page holds them all, and some hubs end with an empty one. */
const MOST_PAGES = 20;
/** A twin at its limits has half a megabyte with its metadata. */
const MOST_TWINS = 100;
/** Named where the registry is asked whether the key is right; nobody has it. */
const NO_DEVICE = "isthmus-none";

export class TwinQuery {
  readonly #requests: RegistryRequests;
  readonly #largestAnswer: number;

  /** `largestAnswer`: in bytes. */
  constructor({ requests, largestAnswer }: { readonly requests: RegistryRequests; readonly largestAnswer: number }) {
    this.#requests = requests;
    this.#largestAnswer = largestAnswer;
  }

  async glance({ page, size }: PageAsked): Promise<Result<PageOf<TwinGlance>>> {
    const rows = await this.#ask(GLANCE, { page, size: Math.min(size, MOST_ROWS) });
    return rows.ok ? succeed({ ...rows.value, twins: rows.value.twins.map(twinGlance) }) : rows;
  }

  async glanceAt(deviceIds: readonly string[]): Promise<Result<readonly TwinGlance[]>> {
    const glances: TwinGlance[] = [];
    for (const query of queriesFor(deviceIds)) {
      let pages = 0;
      let page: string | null = null;
      do {
        const rows: Result<PageOf<Row>> = await this.#ask(query, { page, size: MOST_ROWS });
        if (!rows.ok) return rows;
        glances.push(...rows.value.twins.map(twinGlance));
        page = rows.value.next;
        pages += 1;
        if (pages > MOST_PAGES || glances.length > deviceIds.length)
          return fail("hub_error", "The hub's answer names more devices than were asked for.");
      } while (page !== null);
    }
    return succeed(glances);
  }

  /** Large twins make smaller pages: `size` is the most. */
  async twins({ page, size }: PageAsked): Promise<Result<PageOf<TwinView>>> {
    for (let rows = Math.min(size, MOST_TWINS); ; rows = Math.ceil(rows / 2)) {
      const answer = await this.#ask("SELECT * FROM devices", { page, size: rows });
      if (answer.ok) return viewsOf(answer.value);
      if (answer.failure !== ANSWER_TOO_LONG || rows <= 1) return answer;
    }
  }

  async #ask(query: string, { page, size }: PageAsked): Promise<Result<PageOf<Row>>> {
    const answer = await this.#requests.send({
      method: "POST",
      path: "/devices/query",
      headers: { "x-ms-max-item-count": String(size), ...(page !== null && { "x-ms-continuation": page }) },
      body: { query },
      largestAnswer: this.#largestAnswer,
    });
    if (!answer.ok) return answer;
    if (!isSuccess(answer.value)) return this.#requests.refuse(answer.value, "twin", NO_DEVICE);
    const rows = parseList(answer.value.body);
    if (!rows.ok) return rows;
    const next = answer.value.headers["x-ms-continuation"];
    return succeed({ twins: rows.value, next: typeof next === "string" && next !== "" ? next : null });
  }
}

function viewsOf({ twins, next }: PageOf<Row>): Result<PageOf<TwinView>> {
  const views: TwinView[] = [];
  for (const row of twins) {
    const view = twinView(row);
    if (!view.ok) return view;
    views.push(view.value);
  }
  return succeed({ twins: views, next });
}

/** As few queries as take all the ids. What is no device id is in no hub. */
function* queriesFor(deviceIds: readonly string[]): Generator<string> {
  const start = `${GLANCE} WHERE deviceId IN [`;
  let list = "";
  for (const deviceId of deviceIds) {
    if (!isDeviceId(deviceId)) continue;
    // Of the characters of an id only this one means something in a text of the query language.
    const quoted = `'${deviceId.replaceAll("'", "\\'")}'`;
    if (list !== "" && start.length + list.length + quoted.length + 2 > LONGEST_QUERY) {
      yield `${start}${list}]`;
      list = "";
    }
    list += list === "" ? quoted : `,${quoted}`;
  }
  if (list !== "") yield `${start}${list}]`;
}
