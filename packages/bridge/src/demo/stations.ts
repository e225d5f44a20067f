/** One virtual device: the name it carries in the twin, the station whose readings it replays, and the event it publishes. */
export interface Station {
  /** Device name. */
  readonly name: string;
  /** Key of the `station` column in `readings.csv`. */
  readonly station: string;
  readonly eventName: string;
}

/** The demo fleet. Names and origins: `readings.md`. */
export const STATIONS: readonly Station[] = [
  { name: "newark-airport", station: "KEWR", eventName: "weather/observation" },
  { name: "kennedy-airport", station: "KJFK", eventName: "weather/observation" },
  { name: "laguardia-airport", station: "KLGA", eventName: "weather/observation" },
  { name: "alamosa-mast", station: "SLV-MAST", eventName: "weather/observation" },
  { name: "alamosa-radiometer", station: "SLV-SUN", eventName: "weather/sunlight" },
];
