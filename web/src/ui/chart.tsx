// A time series: what was observed over what was expected, the band in which nothing would alert, and shaded
// stretches (incidents, the moment looked at). Colours come from the style sheet and follow the system's scheme.
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import { clock, dayOf } from "../lib/time";

export interface Line {
  label: string;
  values: (number | null)[];
  colour: "series" | "series2" | "p1" | "dim";
  dashed?: boolean;
  bars?: boolean;
}
export interface Shade {
  from: number; // s
  to: number; // s
}
interface Props {
  label: string; // for who cannot see it
  times: number[]; // s
  lines: Line[];
  band?: { low: (number | null)[]; high: (number | null)[] };
  shades?: Shade[];
  marker?: number; // s
  format: (value: number | null) => string;
  height?: number;
  sync?: string; // charts of one key share the cursor
  pick?: (at: number) => void; // a click chooses a moment, s
  zoom?: (from: number, to: number) => void; // a drag chooses a stretch
}

const scheme = matchMedia("(prefers-color-scheme: dark)");
const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export function Chart(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const latest = useRef(props);
  latest.current = props;
  const [index, setIndex] = useState<number | null>(null);
  const [dark, setDark] = useState(scheme.matches);
  useEffect(() => {
    const change = () => setDark(scheme.matches);
    scheme.addEventListener("change", change);
    return () => scheme.removeEventListener("change", change);
  }, []);

  // A new plot only when its shape changes; new values go into the one that is there, so that a live chart
  // does not flicker.
  const shape = JSON.stringify([props.lines.map((l) => [l.label, l.colour, l.dashed, l.bars]), Boolean(props.band), props.height, props.sync, dark]);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const p = latest.current;
    const axis = { stroke: css("dim"), grid: { stroke: css("line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    const hidden = { show: true, stroke: "transparent", width: 0, points: { show: false } };
    const options: uPlot.Options = {
      width: element.clientWidth || 300,
      height: p.height ?? 130,
      legend: { show: false },
      padding: [8, 18, 0, 0], // the last word of the axis has its middle at the edge
      cursor: {
        y: false,
        points: { size: 6 },
        drag: { x: Boolean(p.zoom), y: false, setScale: false },
        sync: p.sync ? { key: p.sync } : undefined,
      },
      scales: {
        x: { time: true },
        y: { range: (_, low, high) => [Math.min(0, low ?? 0), (high ?? 0) > 0 ? (high ?? 0) * 1.08 : 1] },
      },
      axes: [
        {
          ...axis,
          size: 24,
          space: 70,
          values: (_, splits) => {
            const long = (splits.at(-1) ?? 0) - (splits[0] ?? 0) > 86_400;
            return splits.map((s) => (long ? dayOf(new Date(s * 1000)).slice(5) + " " : "") + clock(new Date(s * 1000), false));
          },
        },
        { ...axis, size: 58, space: 28, values: (_, splits) => splits.map((s) => latest.current.format(s)) },
      ],
      series: [
        {},
        ...p.lines.map((line) => ({
          label: line.label,
          stroke: css(line.colour),
          width: line.bars ? 0 : 1.6,
          dash: line.dashed ? [4, 4] : undefined,
          fill: line.bars ? css(line.colour) : undefined,
          paths: line.bars ? uPlot.paths.bars!({ size: [0.8, 40] }) : undefined,
          points: { show: false },
          spanGaps: false,
        })),
        ...(p.band ? [hidden, hidden] : []),
      ],
      bands: p.band ? [{ series: [p.lines.length + 2, p.lines.length + 1], fill: css("band") }] : undefined,
      hooks: {
        drawClear: [
          (u) => {
            const { shades = [], marker } = latest.current;
            const { left, top, width, height } = u.bbox;
            u.ctx.save();
            u.ctx.fillStyle = css("shade");
            for (const shade of shades) {
              const a = Math.max(left, u.valToPos(shade.from, "x", true));
              const b = Math.min(left + width, u.valToPos(shade.to, "x", true));
              if (b > a) u.ctx.fillRect(a, top, b - a, height);
            }
            if (marker !== undefined) {
              const x = u.valToPos(marker, "x", true);
              u.ctx.strokeStyle = css("accent");
              u.ctx.lineWidth = 2 * devicePixelRatio;
              u.ctx.beginPath();
              u.ctx.moveTo(x, top);
              u.ctx.lineTo(x, top + height);
              u.ctx.stroke();
            }
            u.ctx.restore();
          },
        ],
        setCursor: [(u) => setIndex(u.cursor.idx ?? null)],
        setSelect: [
          (u) => {
            if (u.select.width < 8) return;
            latest.current.zoom?.(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    };
    const u = new uPlot(options, dataOf(p), element);
    plot.current = u;
    const click = () => {
      const at = u.cursor.idx === null || u.cursor.idx === undefined ? undefined : u.data[0][u.cursor.idx];
      if (at !== undefined) latest.current.pick?.(at);
    };
    u.over.addEventListener("click", click);
    const observer = new ResizeObserver(() => {
      if (element.clientWidth && element.clientWidth !== u.width) u.setSize({ width: element.clientWidth, height: u.height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      u.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(dataOf(props));
  }, [props.times, props.lines, props.band, props.shades, props.marker]);

  const at = index === null ? undefined : props.times[index];
  return (
    <figure className="chart" role="img" aria-label={props.label}>
      <figcaption className="num">
        {at === undefined || index === null ? (
          props.lines.map((line) => (
            <span key={line.label} className={`key ${line.colour}${line.dashed ? " dashed" : ""}`}>
              {line.label}
            </span>
          ))
        ) : (
          <>
            <span>{clock(new Date(at * 1000))}</span>
            {props.lines.map((line) => (
              <span key={line.label} className={`key ${line.colour}${line.dashed ? " dashed" : ""}`}>
                {line.label} {props.format(line.values[index] ?? null)}
              </span>
            ))}
            {props.band && (
              <span className="dim">
                band {props.format(props.band.low[index] ?? null)} – {props.format(props.band.high[index] ?? null)}
              </span>
            )}
          </>
        )}
        {props.band && index === null && <span className="key bandkey">no alert within</span>}
      </figcaption>
      <div ref={box} className={props.pick ? "pick" : ""} />
    </figure>
  );
}

function dataOf(p: Props): uPlot.AlignedData {
  return [p.times, ...p.lines.map((l) => l.values), ...(p.band ? [p.band.low, p.band.high] : [])] as uPlot.AlignedData;
}
