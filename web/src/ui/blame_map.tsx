// Callers left, what they call right; an edge is as thick as its traffic, and a failing one is red, dashed and
// says its share of failures. The node that started it is marked by a double border and a word.
import { useMemo } from "react";
import { number, share } from "../lib/format";
import { edgeKey, layered, type Place } from "../lib/layout";
import { Link, servicePath } from "../lib/router";
import { plainVisible } from "../lib/text";

export interface MapNode {
  service: string;
  docs?: number;
  errors?: number;
  involved?: boolean; // part of the incident
}
export interface MapEdge {
  caller: string;
  callee: string;
  calls: number;
  errors: number;
  source?: string; // how it is known
  last_seen?: string | null;
}

const kNode = { width: 158, height: 44 };
const kGap = { x: 84, y: 22 };

// What is known of an edge, and from where.
function said(edge: MapEdge): string {
  const counts = `${number(Math.round(edge.calls))} calls, ${number(Math.round(edge.errors))} failed`;
  if (edge.source === "topology") return "says the configuration; no call was seen";
  if (edge.source === "learned") {
    const seen = edge.last_seen ? `, last at ${edge.last_seen.slice(0, 16).replace("T", " ")} UTC` : "";
    return `not seen in this time; learned from earlier days${seen}`;
  }
  return edge.source === "mention" ? `${counts} (named in its messages)` : counts;
}

export function BlameMap({ nodes, edges, cause, label }: { nodes: MapNode[]; edges: MapEdge[]; cause?: string; label: string }) {
  // The place of a node depends on which edges exist, not on their numbers: it stays still during replay.
  const structure = nodes.map((n) => n.service).join("\n") + "\n\n" + edges.map((e) => `${e.caller}\t${e.callee}`).join("\n");
  const layout = useMemo(
    () => layered(nodes.map((n) => n.service), edges),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [structure],
  );
  const width = layout.columns * (kNode.width + kGap.x) - kGap.x + 4;
  const height = layout.rows * (kNode.height + kGap.y) - kGap.y + 4;
  const corner = (place: Place) => ({ x: 2 + place.column * (kNode.width + kGap.x), y: 2 + place.row * (kNode.height + kGap.y) });
  const at = (service: string) => {
    const place = layout.nodes.get(service);
    return place && corner(place);
  };
  const most = Math.max(1, ...edges.map((e) => (e.source === "learned" ? 0 : e.calls)));
  return (
    <div className="map scroll" tabIndex={0} role="group" aria-label={label}>
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height}>
        {edges.map((edge) => {
          const a = at(edge.caller);
          const b = at(edge.callee);
          if (!a || !b || edge.caller === edge.callee) return null;
          // Known from earlier days or from the configuration: it says nothing about now.
          const remembered = edge.source === "learned" || edge.source === "topology";
          const failing = !remembered && edge.errors > 0 && edge.errors / Math.max(1, edge.calls) > 0.02;
          const forward = b.x > a.x;
          const y1 = a.y + kNode.height / 2;
          const y2 = b.y + kNode.height / 2;
          const x1 = forward ? a.x + kNode.width : a.x;
          const x2 = forward ? b.x : b.x + kNode.width;
          // From column to column; through the places kept free for it where it is long.
          const stops = (layout.bends.get(edgeKey(edge)) ?? []).map(corner);
          let line = `M${x1} ${y1}`;
          let x = x1;
          let y = y1;
          const curve = (toX: number, toY: number) => {
            const bend = forward ? (toX - x) / 2 : -40;
            line += `C${x + bend} ${y} ${toX - bend} ${toY} ${toX} ${toY}`;
            x = toX;
            y = toY;
          };
          for (const stop of stops) {
            curve(stop.x, stop.y + kNode.height / 2);
            x = stop.x + kNode.width;
            line += `H${x}`;
          }
          curve(x2 - (forward ? 6 : -6), y2);
          // The word stands in the first gap, where no node can be.
          const first = stops[0] ? { x: stops[0].x, y: stops[0].y + kNode.height / 2 } : { x: x2, y: y2 };
          const word = { x: (x1 + first.x) / 2, y: (y1 + first.y) / 2 - 6 };
          const part = edge.errors / Math.max(1, edge.calls);
          return (
            <g key={`${edge.caller}\t${edge.callee}`} className={`edge${failing ? " failing" : ""}${edge.calls && !remembered ? "" : " idle"}${remembered ? " remembered" : ""}`}>
              <path
                d={line}
                style={{ strokeWidth: remembered ? 1.2 : 1.2 + 3 * Math.sqrt(edge.calls / most) }}
              >
                <title>{`${plainVisible(edge.caller)} calls ${plainVisible(edge.callee)}: ${said(edge)}`}</title>
              </path>
              <path className="tip" d={forward ? `M${x2 - 7} ${y2 - 4.5}L${x2} ${y2}L${x2 - 7} ${y2 + 4.5}z` : `M${x2 + 7} ${y2 - 4.5}L${x2} ${y2}L${x2 + 7} ${y2 + 4.5}z`} />
              {failing && (
                <text x={word.x} y={word.y} textAnchor="middle">
                  ✕ {share(part)}
                </text>
              )}
            </g>
          );
        })}
        {nodes.map((node) => {
          const place = at(node.service);
          if (!place) return null;
          const part = node.docs ? (node.errors ?? 0) / node.docs : 0;
          const bad = part > 0.02;
          const name = plainVisible(node.service);
          return (
            <Link key={node.service} to={servicePath(node.service)}>
              <g
                className={`node${node.involved ? " involved" : ""}${bad ? " bad" : ""}${node.service === cause ? " cause" : ""}`}
                transform={`translate(${place.x} ${place.y})`}
              >
                <rect width={kNode.width} height={kNode.height} rx="7" />
                {node.service === cause && <rect className="inner" x="3" y="3" width={kNode.width - 6} height={kNode.height - 6} rx="5" />}
                <text x="10" y="18" className="name">
                  {name.length > 20 ? name.slice(0, 19) + "…" : name}
                </text>
                <text x="10" y="34" className="facts">
                  {node.service === cause ? "started it" : node.involved ? "affected" : "not affected"}
                  {node.docs ? ` · ${share(part)} errors` : ""}
                </text>
              </g>
            </Link>
          );
        })}
      </svg>
    </div>
  );
}
