// The blame map of an incident, and its replay: the same map, minute by minute.
import { useEffect, useMemo, useState } from "react";
import { get, type Incident, type Schemas } from "../../api/client";
import { useResource } from "../../api/use_resource";
import { clock } from "../../lib/time";
import { BlameMap, type MapEdge, type MapNode } from "../../ui/blame_map";
import { Empty, Panel, Show } from "../../ui/basics";

const kMostNodes = 40;

export function IncidentMap({ incident }: { incident: Incident }) {
  const from = Math.floor(new Date(incident.onset).getTime() / 60_000) * 60 - 600;
  const end = incident.resolved_at ? Math.ceil(new Date(incident.resolved_at).getTime() / 60_000) * 60 + 300 : undefined;
  const topology = useResource(
    `topology ${incident.id}`,
    (signal) => {
      const to = end ?? Math.ceil(Date.now() / 60_000) * 60;
      // At most 240 frames, whatever the outage's length.
      const step = Math.max(60, Math.ceil((to - from) / 240 / 60) * 60);
      return get("/api/topology", { query: { from: String(from), to: String(to), step }, signal });
    },
    incident.resolved_at ? [] : ["tick"],
  );
  return (
    <Panel title="Who calls whom" className="order-4">
      <Show of={topology} lines={5}>
        {(data) => <Replay incident={incident} topology={data} />}
      </Show>
    </Panel>
  );
}

function Replay({ incident, topology }: { incident: Incident; topology: Schemas["Topology"] }) {
  const [frame, setFrame] = useState<number>(); // undefined: the whole time
  const [playing, setPlaying] = useState(false);
  const { frames } = topology;
  const { names, edges } = useMemo(() => relevant(incident, topology), [incident, topology]);

  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => {
      setFrame((f) => {
        const next = (f ?? -1) + 1;
        if (next >= frames.length - 1) setPlaying(false);
        return Math.min(frames.length - 1, next);
      });
    }, 500);
    return () => clearInterval(timer);
  }, [playing, frames.length]);

  if (edges.length === 0 && names.length < 2) {
    return (
      <Empty title="No call between services has been seen.">
        Documents with <code>trace.id</code>, spans, or <code>topology:</code> in config.yaml draw this map.
      </Empty>
    );
  }
  const shown = frame === undefined ? undefined : frames[frame];
  const count = new Map((shown ? shown.nodes : topology.nodes).map((n) => [n.service, n]));
  const called = new Map(shown?.edges.map((e) => [`${e.caller}\t${e.callee}`, e]));
  const nodes: MapNode[] = names.map((service) => ({
    service,
    docs: count.get(service)?.docs,
    errors: count.get(service)?.errors,
    involved: incident.services.includes(service),
  }));
  const drawn: MapEdge[] = shown
    ? edges.map((e) => {
        const now = called.get(`${e.caller}\t${e.callee}`);
        return { caller: e.caller, callee: e.callee, calls: now?.calls ?? 0, errors: now?.errors ?? 0 };
      })
    : edges;
  return (
    <>
      <BlameMap nodes={nodes} edges={drawn} cause={incident.causes[0]?.service} label="callers and callees of this incident" />
      {frames.length > 1 && (
        <div className="replay">
          <button
            type="button"
            onClick={() => {
              if (!playing && (frame === undefined || frame >= frames.length - 1)) setFrame(0);
              setPlaying(!playing);
            }}
          >
            {playing ? "Pause" : "Replay"}
          </button>
          <input
            type="range"
            min={0}
            max={frames.length - 1}
            value={frame ?? frames.length - 1}
            aria-label="moment of the incident"
            aria-valuetext={shown ? clock(new Date(shown.at), false) : "the whole time"}
            onChange={(event) => {
              setPlaying(false);
              setFrame(Number(event.target.value));
            }}
          />
          <span className="num nowrap">{shown ? clock(new Date(shown.at), false) : "whole time"}</span>
          {frame !== undefined && (
            <button type="button" className="link" onClick={() => (setPlaying(false), setFrame(undefined))}>
              whole time
            </button>
          )}
        </div>
      )}
    </>
  );
}

// The incident's services, what they call and who calls them.
function relevant(incident: Incident, topology: Schemas["Topology"]) {
  const involved = new Set(incident.services);
  const all = new Map<string, MapEdge>();
  for (const e of topology.edges) all.set(`${e.caller}\t${e.callee}`, e);
  // What correlation found may be known from messages alone.
  for (const l of incident.links) if (!all.has(`${l.caller}\t${l.callee}`)) all.set(`${l.caller}\t${l.callee}`, l);
  const edges = [...all.values()].filter((e) => involved.has(e.caller) || involved.has(e.callee));
  const names = [...involved];
  for (const e of edges) {
    for (const name of [e.caller, e.callee]) if (!names.includes(name) && names.length < kMostNodes) names.push(name);
  }
  return { names, edges: edges.filter((e) => names.includes(e.caller) && names.includes(e.callee)) };
}
