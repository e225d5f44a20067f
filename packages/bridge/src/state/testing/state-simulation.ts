/**
 * A life of device states drawn from a seed: the API, devices and other services write the same leaves, the hub's answers
 * and events get lost, come late or twice, the bridge is killed and started again. Then all is quiet, the twins are swept
 * once, and both sides must be as the rules say.
 */
import { Actors } from "./actors.ts";
import { brokenPromises } from "./state-promises.ts";
import { changeWeather, clearUp, NewsStreams } from "./weather.ts";
import { World, type Breadth, type Trace } from "./world.ts";

const QUIET_MS = 3 * 60 * 60_000;

export interface StateReport {
  readonly broken: readonly string[];
  readonly writes: number;
  readonly conflicts: number;
  readonly lives: number;
}

interface Simulation {
  readonly world: World;
  readonly actors: Actors;
  readonly streams: NewsStreams;
}

type Action = (simulation: Simulation) => void;

const ACTIONS: readonly (readonly [weight: number, action: Action])[] = [
  [30, ({ actors }) => actors.writeFromApi()],
  [20, ({ actors }) => actors.writeFromDevice()],
  [8, ({ actors }) => actors.writeFromService()],
  [6, ({ world }) => changeWeather(world)],
  [3, ({ world }) => world.kill()],
  [6, ({ actors }) => actors.writeBeside()],
  [1, ({ actors }) => actors.meddleWithDevice()],
  [0.5, ({ actors }) => actors.deleteDevice()],
  [2, ({ world }) => void world.sweep()],
];

/** `trace` hears what happens, for whoever looks into a seed. */
export async function simulateStates(
  seed: number,
  { breadth = "wide", trace = () => undefined }: { readonly breadth?: Breadth; readonly trace?: Trace } = {},
): Promise<StateReport> {
  const world = new World(seed, { breadth, trace });
  const simulation = { world, streams: new NewsStreams(world), actors: new Actors(world) };
  world.live();
  await act(simulation);
  const broken = await comeToRest(simulation);
  return {
    broken: [...world.unexpected, ...broken],
    writes: world.localWrites.length,
    conflicts: world.states.conflicts.length,
    lives: world.life,
  };
}

async function act(simulation: Simulation): Promise<void> {
  const { dice, clock, breadth } = simulation.world;
  const together = breadth === "narrow" ? 0.8 : 0.4;
  const weights = ACTIONS.reduce((sum, [weight]) => sum + weight, 0);
  for (let left = 8 + dice.int(50); left > 0; left -= 1) {
    let draw = dice.random() * weights;
    const [, action] = ACTIONS.find(([weight]) => (draw -= weight) < 0)!;
    action(simulation);
    // Many things at once, too.
    await clock.advance(dice.chance(together) ? dice.int(15) : dice.random() ** 4 * 10_000);
  }
}

/** Returns the promises that are broken when all is quiet. */
async function comeToRest({ world, streams }: Simulation): Promise<readonly string[]> {
  const { clock, hub, devices, deleted, states, unexpected } = world;
  clearUp(world);
  for (const { id } of devices) if (!hub.has(id) && !deleted.has(id) && id.startsWith("t")) hub.create(id);
  await clock.advance(20_000);
  if (!(await clock.until(() => streams.isRead, 120_000))) unexpected.push("The stream is not read to its end.");
  if (!(await ends(world, world.sweep()))) unexpected.push("The sweep does not end.");
  const isQuiet = (): boolean => devices.every(({ id }) => (states.row(id)?.pendingSince ?? null) === null);
  await clock.until(isQuiet, QUIET_MS);
  await clock.advance(10_000);
  const broken = devices.flatMap(({ id }) => brokenPromises(world.ending(id)));
  const pushes = [...hub.pushes.values()].join();
  await ends(world, world.sweep());
  await clock.advance(60_000);
  if ([...hub.pushes.values()].join() !== pushes) unexpected.push("Something was written although nothing changed.");
  streams.end();
  if (!(await ends(world, world.engine.stop()))) unexpected.push("The engine does not stop.");
  return broken;
}

/** Whether it does within a minute. */
async function ends({ clock }: World, work: Promise<void>): Promise<boolean> {
  let isOver = false;
  void work.then(() => (isOver = true));
  return clock.until(() => isOver, 60_000);
}
