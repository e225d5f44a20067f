import { expect, test } from "vitest";
import { loadReadings, parseReadings } from "./readings.ts";
import { STATIONS } from "./stations.ts";

test("every station of the fleet has readings, in the order of time and none of them twice", async () => {
  const readings = await loadReadings();
  expect([...readings.keys()].toSorted()).toEqual(STATIONS.map(({ station }) => station).toSorted());
  for (const { station } of STATIONS) {
    const times = readings.get(station)!.map(({ time }) => Date.parse(String(time)));
    expect(times.length).toBeGreaterThan(100);
    expect(times).not.toContain(Number.NaN);
    expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
  }
});

test("every reading holds a measurement and fits into an event", async () => {
  for (const reading of [...(await loadReadings()).values()].flat()) {
    const { station, time, ...quantities } = reading;
    const values = Object.values(quantities);
    expect(values.length, `${station} ${time}`).toBeGreaterThan(0);
    expect(values.every((value) => Number.isFinite(value))).toBe(true);
    expect(Buffer.byteLength(JSON.stringify(reading))).toBeLessThanOrEqual(1024);
  }
});

test("an empty cell is an absent quantity, not a zero", () => {
  const table = "station,time,wind_mps,gust_mps\nA,2020-01-01T00:00:00Z,0,\n";
  expect(parseReadings(table).get("A")).toEqual([{ station: "A", time: "2020-01-01T00:00:00Z", wind_mps: 0 }]);
});
