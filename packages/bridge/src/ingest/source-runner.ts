/** All sources of this server at work: streams that are followed, names that are fetched, webhooks that call. */
import { endsWithin, type Clock } from "../core/clock.ts";
import type { Directory } from "../core/directory.ts";
import type { Log } from "../core/log.ts";
import type { Accept } from "../core/accept.ts";
import type {
  ParticleCloudSource,
  Source,
  SourceControl,
  SourceProgress,
  Sources,
  SourceState,
} from "../core/source.ts";
import { createCloudIntake } from "./cloud-intake.ts";
import type { Intake } from "./cloud-intake.ts";
import { createWebhookReceiver } from "./inbound-webhook/webhook-receiver.ts";
import { DeviceNamesWatch } from "./particle-cloud/device-names-watch.ts";
import { createParticleClient } from "./particle-cloud/particle-client.ts";
import type { ParticleClient } from "./particle-cloud/particle-client.ts";
import { OpenBudget } from "./particle-cloud/reconnect.ts";
import { StreamFollower } from "./particle-cloud/stream-follower.ts";
import { baseUrlFault } from "./particle-cloud/base-url.ts";
import { Progresses } from "./source-progress.ts";

export interface SourceRunnerOptions {
  readonly accept: Accept;
  readonly store: Sources;
  readonly directory: Pick<Directory, "device" | "admitToProduct" | "updateDevice" | "setApproval" | "product">;
  /** Hosts besides Particle's that may be followed, over plain HTTP and in private networks too. Lower case. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

interface Running {
  readonly names: DeviceNamesWatch;
  readonly follower: StreamFollower | null;
  readonly since: number;
}

/** A new source waits so long for the names, so that the hub's identities begin with them. */
const FIRST_NAMES_MS = 30_000;
const SWITCHED_OFF = "The source was switched off.";
const CHANGED = "The source was changed.";

export class SourceRunner implements SourceControl {
  readonly receive: SourceControl["receive"];
  readonly #options: SourceRunnerOptions;
  readonly #progresses: Progresses;
  readonly #intake: Intake;
  readonly #client: ParticleClient;
  readonly #opens = new OpenBudget();
  readonly #running = new Map<string, Running>();
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: SourceRunnerOptions) {
    const { accept, directory, store, hosts, clock, log } = options;
    const now = (): number => clock.now();
    this.#options = options;
    this.#client = createParticleClient((host) => hosts.includes(host));
    this.#progresses = new Progresses({ store, clock, log });
    const onNewDevice = ({ productId }: Source, deviceId: string): void => this.#nameWanted(productId, deviceId);
    this.#intake = createCloudIntake({ accept, directory, sources: store, onNewDevice, now, log });
    this.receive = createWebhookReceiver({ sources: store, intake: this.#intake, progresses: this.#progresses, now });
  }

  async start(): Promise<void> {
    for (const source of await this.#options.store.allSources()) await this.#begin(source);
  }

  changed(id: string): Promise<void> {
    return this.#inTurn(async () => {
      const { store, clock } = this.#options;
      const wasFollowing = await this.#end(id);
      const source = await store.source(id);
      if (source === null) return this.#progresses.forget(id);
      if (wasFollowing) {
        const { lastByteAt } = await this.#progresses.of(id);
        await store.openGap(id, lastByteAt ?? clock.now(), source.disabled ? SWITCHED_OFF : CHANGED);
      }
      // Somebody has done something about it: worth a new try.
      await this.#progresses.change(id, () => ({ stopped: null }));
      await this.#begin(source);
    });
  }

  state({ id, kind, disabled, updatedAt }: Source): SourceState {
    const nothing = { since: updatedAt, until: null, reason: null, nextStep: null };
    if (disabled) return { ...nothing, state: "off" };
    if (kind === "inbound-webhook") return { ...nothing, state: "listening" };
    const running = this.#running.get(id);
    if (running === undefined) return { ...nothing, state: "connecting" };
    return running.follower?.state ?? { ...nothing, state: "names", since: running.since };
  }

  progress({ id }: Source): Promise<SourceProgress> {
    return this.#progresses.of(id);
  }

  baseUrlFault(baseUrl: string): string | null {
    return baseUrlFault(baseUrl, this.#options.hosts);
  }

  /** Resolves when the events in hand are stored and all progress is written. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#turn;
    await Promise.all([...this.#running.keys()].map((id) => this.#end(id)));
    await this.#progresses.stop();
    await this.#client.close();
  }

  async #begin(source: Source): Promise<void> {
    if (source.disabled || source.kind !== "particle-cloud" || this.#isStopped) return;
    const token = await this.#options.store.sourceSecret(source.id);
    if (token === null) return;
    const { directory, store, clock, log } = this.#options;
    const shared = { source, token, client: this.#client, progresses: this.#progresses, clock, log };
    const names = new DeviceNamesWatch({ ...shared, directory, sources: store });
    const follower = source.followEvents
      ? new StreamFollower({ ...shared, intake: this.#intake, store, opens: this.#opens })
      : null;
    this.#running.set(source.id, { names, follower, since: clock.now() });
    const first = names.start();
    if (follower !== null)
      this.#follow(source, follower, first).catch((error: unknown) => {
        log.error({ sourceId: source.id, err: error }, "source.failed");
      });
  }

  async #follow({ id }: ParticleCloudSource, follower: StreamFollower, names: Promise<void>): Promise<void> {
    const { namesAt } = await this.#progresses.of(id);
    if (namesAt === null) await endsWithin(this.#options.clock, FIRST_NAMES_MS, names);
    if (this.#running.get(id)?.follower === follower) follower.start();
  }

  /** Whether it followed a stream. */
  async #end(id: string): Promise<boolean> {
    const running = this.#running.get(id);
    if (running === undefined) return false;
    this.#running.delete(id);
    await Promise.all([running.names.stop(), running.follower?.stop()]);
    return running.follower !== null;
  }

  /** Whatever source of the product can ask for the name. */
  #nameWanted(productId: number, deviceId: string): void {
    void this.#options.store
      .sourcesIn(productId)
      .then((sources) => sources.find(({ id }) => this.#running.has(id)))
      .then((source) => (source === undefined ? undefined : this.#running.get(source.id)?.names.wants(deviceId)))
      .catch((error: unknown) =>
        this.#options.log.debug({ deviceId, reason: String(error) }, "source.name_not_fetched"),
      );
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(change);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
