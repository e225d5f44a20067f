import { Anchor, Box, Group, Table, Text, useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { Link, useLocation } from "wouter";
import {
  drawnOrder,
  graphData,
  intervalOf,
  shortNumber,
  sumsInWords,
  type Series,
  type Timed,
} from "./history-series.ts";
import { toneColor } from "./state-badge.tsx";
import { intervalLabel } from "./time-ticks.ts";
import { plotOptions, type PlotKind } from "./plot-options.ts";

export interface HistoryGraphProps<Point extends Timed> {
  /** What is counted, for the name of the graph: "Deliveries of the last 24 hours". */
  readonly label: string;
  /** Oldest first, at even distances. */
  readonly points: readonly Point[];
  /** `SUCCESS_AND_FAILURE`, or one's own. Keep it outside of the component: another list makes another graph. */
  readonly series: readonly Series<Point>[];
  /** `bars` (stacked) for counts of intervals; `lines` for rates and levels. */
  readonly kind?: PlotKind;
  readonly height?: number;
  /** Where the rows behind a point are: a click on it, and its row in the table, lead there. */
  readonly linkOf?: (point: Point) => string;
}

/** Counts over time. The numbers under the pointer stand above it; all of them are in a table below. */
export function HistoryGraph<Point extends Timed>(props: HistoryGraphProps<Point>) {
  const { label, points, series, kind = "bars", height = 150, linkOf } = props;
  const [pointed, setPointed] = useState<number | null>(null);
  const point = pointed === null ? undefined : points[pointed];
  return (
    <Box component="figure" m={0}>
      <Group gap="md" mih={20} component="figcaption">
        {series.map((one) => (
          <Text key={one.name} size="xs" c="dimmed" component="span" className="number">
            <Swatch color={toneColor(one.tone)} /> {one.name}
            {point !== undefined && `: ${shortNumber(one.of(point))}`}
          </Text>
        ))}
        <Text size="xs" c="dimmed" component="span" className="number">
          {point !== undefined && intervalLabel(point.time, intervalOf(points) ?? 0)}
        </Text>
      </Group>
      <Plot
        {...{ points, series, kind, height }}
        label={`${label}: ${sumsInWords(points, series)}`}
        onPoint={setPointed}
        {...(linkOf && { linkOf })}
      />
      <AsTable {...props} />
    </Box>
  );
}

type PlotProps<Point extends Timed> = Required<Omit<HistoryGraphProps<Point>, "linkOf">> &
  Pick<HistoryGraphProps<Point>, "linkOf"> & { readonly onPoint: (at: number | null) => void };

function Plot<Point extends Timed>({ label, points, series, kind, height, linkOf, onPoint }: PlotProps<Point>) {
  const { ref, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const scheme = useComputedColorScheme("light");
  const [, navigate] = useLocation();
  const data = graphData(points, series, { stacked: kind === "bars" });
  const shape = series.map(({ name, tone }) => `${name} ${tone}`).join();
  const latest = useRef({ data, series, width, onPoint });
  useEffect(() => {
    latest.current = { data, series, width, onPoint };
  });

  const isMeasured = width > 0;
  useEffect(() => {
    const { current: element } = place;
    if (element === null || !isMeasured) return undefined;
    const now = latest.current;
    const drawn = drawnOrder(now.series, { stacked: kind === "bars" });
    const options = plotOptions({
      kind,
      height,
      width: now.width,
      series: drawn,
      onPoint: (at) => latest.current.onPoint(at),
    });
    plot.current = new UPlot(options, now.data as UPlot.AlignedData, element);
    return () => {
      plot.current?.destroy();
      plot.current = null;
    };
  }, [isMeasured, kind, height, shape, scheme]);

  useEffect(() => plot.current?.setData(latest.current.data as UPlot.AlignedData), [points, series]);
  useEffect(() => plot.current?.setSize({ width, height }), [width, height]);

  function follow(): void {
    const point = points[plot.current?.cursor.idx ?? -1];
    if (point !== undefined && linkOf !== undefined) navigate(linkOf(point));
  }

  return (
    <Box ref={ref} role="img" aria-label={label} mih={height} style={{ overflow: "hidden" }}>
      {/* Its rows are in the table for those who do not point. */}
      <Box ref={place} {...(linkOf && { onClick: follow, style: { cursor: "pointer" } })} />
    </Box>
  );
}

function AsTable<Point extends Timed>({ label, points, series, linkOf }: HistoryGraphProps<Point>) {
  const [isOpen, setOpen] = useState(false);
  const interval = intervalOf(points) ?? 0;
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <Text component="summary" size="xs" c="dimmed">
        As a table
      </Text>
      {isOpen && (
        <Box className="scroll-x" mah={260} style={{ overflowY: "auto" }} tabIndex={0} role="region" aria-label={label}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Time</Table.Th>
                {series.map(({ name }) => (
                  <Table.Th key={name} ta="right">
                    {name}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {points.toReversed().map((point) => (
                <Table.Tr key={point.time}>
                  <Table.Td className="number">
                    {linkOf === undefined ? (
                      intervalLabel(point.time, interval)
                    ) : (
                      <Anchor component={Link} to={linkOf(point)} inherit>
                        {intervalLabel(point.time, interval)}
                      </Anchor>
                    )}
                  </Table.Td>
                  {series.map(({ name, of }) => (
                    <Table.Td key={name} ta="right" className="number">
                      {shortNumber(of(point))}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Box>
      )}
    </details>
  );
}

function Swatch({ color }: { readonly color: string }) {
  return (
    <span aria-hidden style={{ display: "inline-block", width: 10, height: 10, borderRadius: 2, background: color }} />
  );
}
