// One outage, told in the order in which it is asked about: what is broken and who started it, how sure that is,
// what to do; then the curves, the map, the patterns, a failing request, what was concluded and what was done.
import { useState } from "react";
import { get, type Incident as IncidentData } from "../../api/client";
import { useSession } from "../../api/session";
import { useResource } from "../../api/use_resource";
import { share } from "../../lib/format";
import { useKeys } from "../../lib/keys";
import { incidentPath, Link, servicePath } from "../../lib/router";
import { plainVisible, Raw } from "../../lib/text";
import { Since, When } from "../../lib/time";
import { ActionButton, Kbd, Panel, SeverityMark, Show, StateMark } from "../../ui/basics";
import { copy } from "../../ui/toast";
import { CommentDialog, MergeDialog, PostMortemDialog, ResolveDialog, servicesWithAnomaly, SilenceDialog, SplitDialog } from "./actions";
import { AnalysisPanel } from "./analysis";
import { Causes } from "./causes";
import { MetricCharts } from "./charts";
import { acknowledge, reopen, undo, undoable } from "./commands";
import { ExampleTrace } from "./example_trace";
import { IncidentMap } from "./incident_map";
import { incidentMarkdown } from "./markdown";
import { Patterns } from "./patterns";
import { Timeline } from "./timeline";
import { WhatToDo } from "./what_to_do";

export function Incident({ id }: { id: string }) {
  const incident = useResource(`incident ${id}`, (signal) => get("/api/incidents/{id}", { path: { id }, signal }), ["incident"]);
  return (
    <Show of={incident} lines={8}>
      {(data) => <Loaded incident={data} set={incident.set} refresh={incident.refresh} />}
    </Show>
  );
}

type Open = "resolve" | "silence" | "merge" | "split" | "comment" | "postmortem" | undefined;

function Loaded({ incident: i, set, refresh }: { incident: IncidentData; set: (i: IncidentData) => void; refresh: () => void }) {
  const [open, setOpen] = useState<Open>();
  const { canWrite } = useSession();
  const active = i.state !== "resolved";
  const done = (changed: IncidentData | undefined) => {
    if (!changed) return;
    if (changed.id === i.id) set(changed);
    setOpen(undefined);
  };
  const acknowledgeNow = () => acknowledge(i.id).then((changed) => changed && set(changed));
  useKeys({
    a: canWrite && i.state === "open" ? () => void acknowledgeNow() : undefined,
    r: canWrite && active ? () => setOpen("resolve") : undefined,
    c: canWrite ? () => setOpen("comment") : undefined,
    s: canWrite ? () => setOpen("silence") : undefined,
    m: () => void copy(incidentMarkdown(i), "incident"),
  });
  const cause = i.causes[0];
  const last = undoable(i.timeline);
  const close = () => setOpen(undefined);
  return (
    <>
      <div className="incidenthead">
        <div className="row">
          <SeverityMark severity={i.severity} />
          <StateMark state={i.state} by={i.acknowledged_by} />
          {i.silenced && <span className="chip">silenced</span>}
          {i.flapping && <span className="chip">flapping</span>}
          {i.reopened > 0 && <span className="chip">reopened {i.reopened}×</span>}
          <span className="dim mono">{i.id}</span>
        </div>
        <h1>{plainVisible(i.title)}</h1>
        <p className="sub">
          {cause && (
            <>
              <Link to={servicePath(cause.service)}>
                <b>{plainVisible(cause.service)}</b>
              </Link>{" "}
              started it ({share(cause.probability)}).{" "}
            </>
          )}
          {i.confidence && <>Confidence {i.confidence}. </>}
          {active ? "For " : "It lasted "}
          <Since from={i.onset} to={i.resolved_at} />, since <When at={i.onset} />
          {i.resolved_at && (
            <>
              {" "}
              to <When at={i.resolved_at} />
            </>
          )}
          .
          {i.services.length > 1 && (
            <>
              {" "}
              Affected:{" "}
              {i.services
                .filter((s) => s !== cause?.service)
                .slice(0, 12)
                .map((s, n) => (
                  <span key={s}>
                    {n > 0 && ", "}
                    <Link to={servicePath(s)}>{plainVisible(s)}</Link>
                  </span>
                ))}
              {i.services.length > 13 && ` and ${i.services.length - 13} more`}.
            </>
          )}
        </p>
        {i.merged_into && (
          <p>
            Merged into <Link to={incidentPath(i.merged_into)}>{i.merged_into}</Link>, which goes on.
          </p>
        )}
        <div className="row actions" role="group" aria-label="actions">
          {canWrite && i.state === "open" && (
            <ActionButton className="primary" run={acknowledgeNow}>
              Acknowledge<Kbd>a</Kbd>
            </ActionButton>
          )}
          {canWrite && active && (
            <button type="button" onClick={() => setOpen("resolve")}>
              Resolve<Kbd>r</Kbd>
            </button>
          )}
          {canWrite && !active && !i.merged_into && (
            <ActionButton run={() => reopen(i.id).then((changed) => changed && set(changed))}>Reopen</ActionButton>
          )}
          {canWrite && (
            <>
              <button type="button" onClick={() => setOpen("comment")}>
                Comment<Kbd>c</Kbd>
              </button>
              <button type="button" onClick={() => setOpen("silence")}>
                Silence<Kbd>s</Kbd>
              </button>
              {active && (
                <button type="button" onClick={() => setOpen("merge")}>
                  Merge
                </button>
              )}
              {active && servicesWithAnomaly(i).length > 1 && (
                <button type="button" onClick={() => setOpen("split")}>
                  Split
                </button>
              )}
              {last && (
                <ActionButton run={() => undo(i.id, last.kind).then((changed) => changed && set(changed))} title={`take back: ${last.kind} by ${last.actor}`}>
                  Undo “{last.kind}”
                </ActionButton>
              )}
            </>
          )}
          <button type="button" onClick={() => void copy(incidentMarkdown(i), "incident")}>
            Copy as Markdown<Kbd>m</Kbd>
          </button>
          <button type="button" onClick={() => setOpen("postmortem")}>
            Post-mortem draft
          </button>
        </div>
      </div>
      <div className="columns">
        <div className="main">
          <Causes causes={i.causes} />
          <MetricCharts incident={i} />
          <IncidentMap incident={i} />
          <Patterns incident={i} />
          <ExampleTrace incident={i} />
        </div>
        <div className="side">
          <WhatToDo incident={i} />
          <AnalysisPanel incident={i} />
          <Timeline incident={i} canWrite={canWrite} changed={set} />
          {i.merge_suggestions && i.merge_suggestions.length > 0 && (
            <Panel title="May be the same outage">
              <ul className="plain">
                {i.merge_suggestions.map((other) => (
                  <li key={other.id}>
                    <Link to={incidentPath(other.id)}>{other.title ?? other.id}</Link> <span className="dim"><Raw text={other.reason} /></span>
                  </li>
                ))}
              </ul>
            </Panel>
          )}
        </div>
      </div>
      {open === "resolve" && <ResolveDialog incident={i} close={close} done={done} />}
      {open === "silence" && <SilenceDialog incident={i} close={close} done={() => (refresh(), close())} />}
      {open === "merge" && <MergeDialog incident={i} close={close} />}
      {open === "split" && <SplitDialog incident={i} close={close} />}
      {open === "comment" && <CommentDialog incident={i} close={close} done={done} />}
      {open === "postmortem" && <PostMortemDialog incident={i} close={close} />}
    </>
  );
}
