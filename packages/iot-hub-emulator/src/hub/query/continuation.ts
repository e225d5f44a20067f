/** Where the next page of a query begins, as a text that clients hand back and cannot make themselves. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { HubError } from "../errors.ts";

export interface PageStart {
  /** Of the first row, in the order that the query goes by. */
  readonly position: number;
  /** What TOP still lets through. */
  readonly remaining?: number;
}

const MAC_BYTES = 16;

/** Tokens hold for one hub while it runs: places are given anew at a start. */
export class Continuations {
  readonly #key = randomBytes(32);

  write(query: string, { position, remaining }: PageStart): string {
    const body = Buffer.from(JSON.stringify([position, remaining ?? null]));
    return Buffer.concat([this.#mac(query, body), body]).toString("base64url");
  }

  /** Throws `ArgumentInvalid` for a token that was not made for this query by this hub. */
  read(query: string, token: string): PageStart {
    const bytes = Buffer.from(token.slice(0, 200), "base64url");
    const [mac, body] = [bytes.subarray(0, MAC_BYTES), bytes.subarray(MAC_BYTES)];
    if (mac.length < MAC_BYTES || !timingSafeEqual(mac, this.#mac(query, body))) {
      throw new HubError(
        "ArgumentInvalid",
        "The continuation token is not one of this query, or the hub was started anew since; begin with the first page.",
      );
    }
    const [position, remaining] = JSON.parse(body.toString()) as [number, number | null];
    return { position, ...(remaining === null ? {} : { remaining }) };
  }

  #mac(query: string, body: Buffer): Buffer {
    const digest = createHash("sha256").update(query).digest();
    return createHmac("sha256", this.#key).update(digest).update(body).digest().subarray(0, MAC_BYTES);
  }
}
