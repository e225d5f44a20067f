/** Counts over time of a product, in the device cloud's shapes: what is zero is left out. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { SeriesPoint, SeriesQuery } from "../../core/delivery-history.ts";
import type { Permission } from "../../core/permission.ts";
import { badRequest } from "../api-error.ts";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProduct } from "../ownership.ts";
import { seriesQuery } from "../series-query.ts";
import { isoTime } from "./iso-time.ts";

interface OfProduct {
  Params: { product: string };
  Querystring: Record<string, unknown>;
}

const tags = ["products"];
const NAMES = { from: "start_date", to: "end_date", bucket: "bucket_size" };
const NOT_KEPT = ["product_fw", "device_os_version", "device_group"];

export function registerMetrics(
  app: FastifyInstance,
  { directory, deliveries, now }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  async function asked(
    request: FastifyRequest<OfProduct>,
    permission: Permission,
  ): Promise<{ productId: number; query: SeriesQuery }> {
    const caller = await authentication.account(request, permission);
    const { id } = await ownProduct(directory, caller, request.params.product);
    const filter = NOT_KEPT.find((name) => request.query[name] !== undefined);
    if (filter !== undefined)
      throw badRequest(`${filter} cannot narrow these counts: they are kept for the product as a whole`);
    return { productId: id, query: seriesQuery(request.query, NAMES, now()) };
  }

  app.get<OfProduct>(
    "/v1/products/:product/metrics/integration",
    route("Deliveries of a product's integrations over time"),
    async (request) => {
      const { productId, query } = await asked(request, "metrics.integrations:get");
      const integrations = await directory.integrationsIn({ kind: "product", productId });
      const series = await Promise.all(integrations.map(({ id }) => deliveries.series(id, query)));
      return {
        integrations: added(series).map(({ time, success, failure }) => ({
          time: isoTime(time),
          ...nonZero({ success, failure }),
        })),
      };
    },
  );

  app.get<OfProduct>(
    "/v1/products/:product/metrics/events",
    route("Events of a product over time"),
    async (request) => {
      const { productId, query } = await asked(request, "metrics.events:get");
      const points = await deliveries.series(`product/${productId}`, query);
      return {
        events: points.map(({ time, accepted }) => ({ time: isoTime(time), ...nonZero({ received: accepted }) })),
      };
    },
  );
}

function added(series: readonly (readonly SeriesPoint[])[]): readonly SeriesPoint[] {
  const sums = new Map<number, SeriesPoint>();
  for (const point of series.flat()) {
    const { time, accepted, success, failure } = point;
    const sum = sums.get(time) ?? { time, accepted: 0, success: 0, failure: 0 };
    sums.set(time, {
      time,
      accepted: sum.accepted + accepted,
      success: sum.success + success,
      failure: sum.failure + failure,
    });
  }
  return [...sums.values()].toSorted((a, b) => a.time - b.time);
}

function nonZero(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}
