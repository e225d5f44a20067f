/** How uPlot draws a history: in the scheme's colours, whole numbers upwards, times in the reader's zone. */
import UPlot from "uplot";
import { shortNumber, type Series } from "./history-series.ts";
import { TONE_PROPERTIES } from "./state-badge.tsx";
import { tickLabels } from "./time-ticks.ts";

export type PlotKind = "bars" | "lines";

const AXIS_FONT = "11px system-ui, sans-serif";
/** Bars take this part of their interval, at most so many pixels. */
const BAR_SIZE: [number, number] = [0.8, 40];

export interface PlotOptions {
  readonly kind: PlotKind;
  readonly width: number;
  readonly height: number;
  /** In the order of drawing, as the rows of `graphData`. */
  readonly series: readonly Pick<Series<never>, "name" | "tone" | "dashed">[];
  readonly onPoint: (at: number | null) => void;
}

export function plotOptions({ kind, width, height, series, onPoint }: PlotOptions): UPlot.Options {
  const axis: UPlot.Axis = {
    stroke: color("--mantine-color-dimmed"),
    font: AXIS_FONT,
    grid: { stroke: color("--isthmus-line"), width: 1 },
    ticks: { stroke: color("--isthmus-line"), width: 1, size: 4 },
  };
  return {
    width,
    height,
    ms: 1,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: kind === "lines" } },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.08)] } },
    axes: [
      { ...axis, size: 28, space: 72, values: (_plot, times, _axis, _space, step) => tickLabels(times, step) },
      { ...axis, size: 44, space: 24, values: (_plot, values) => values.map((value) => shortNumber(value)) },
    ],
    series: [
      {},
      ...series.map(({ name, tone, dashed = false }) => ({
        label: name,
        ...drawing(kind, color(TONE_PROPERTIES[tone])),
        ...(dashed && { dash: [6, 4] }),
      })),
    ],
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)] },
  };
}

function drawing(kind: PlotKind, stroke: string): Partial<UPlot.Series> {
  if (kind === "lines" || UPlot.paths.bars === undefined) return { stroke, width: 2, points: { show: false } };
  return { stroke, fill: stroke, width: 0, paths: UPlot.paths.bars({ size: BAR_SIZE }), points: { show: false } };
}

function color(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}
