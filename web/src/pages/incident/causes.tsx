// Who started it and why: causes by probability, each with the evidence for and against it.
import type { Schemas } from "../../api/client";
import { share } from "../../lib/format";
import { Link, servicePath } from "../../lib/router";
import { plainVisible, Raw } from "../../lib/text";
import { When } from "../../lib/time";
import { Empty, Panel } from "../../ui/basics";

// Where the number of an evidence comes from, by its kind (src/correlate/evidence.cpp makes them).
const kSources: Record<string, string> = {
  blame: "from following, message by message and call by call, whom each failing service points at",
  explained: "from following, message by message and call by call, whom each failing service points at",
  onset: "from the time of the first error or slow request of each service",
  later: "from the time of the first error or slow request of each service",
  severity: "from the detector's score of its metrics",
  own_latency: "from the durations of requests, the time spent waiting for other services subtracted",
  network: "from comparing what callers measured with what the service itself measured",
  errors: "from counting its documents that failed against what is usual",
  new_pattern: "from clustering log messages and comparing with the time before",
  vanished: "from clustering log messages and comparing with the time before",
  missing_work: "from documents that usually come and did not",
  new_callee: "from the calls that were seen, compared with the time before",
  deploy: "from the version field of its documents",
  resource: "from its metric documents",
};

export function Causes({ causes }: { causes: Schemas["Cause"][] }) {
  return (
    <Panel title="Who started it" className="order-1">
      {causes.length === 0 ? (
        <Empty title="No cause could be ranked.">There was too little evidence; the patterns below may tell more.</Empty>
      ) : (
        <ol className="causes">
          {causes.slice(0, 5).map((cause, i) => (
            <li key={cause.service}>
              <details open={i === 0}>
                <summary>
                  <span className="num probability">{share(cause.probability)}</span>
                  <b>{plainVisible(cause.service)}</b>
                  <span className="bar" aria-hidden="true">
                    <i style={{ width: `${Math.max(1, cause.probability * 100)}%` }} />
                  </span>
                  <span className="dim nowrap">
                    <span className="wide">first sign </span>
                    <When at={cause.onset} />
                  </span>
                </summary>
                <ul className="evidence">
                  {cause.evidence.map((e) => (
                    <li
                      key={e.id}
                      id={`evidence-${e.id}`}
                      tabIndex={-1}
                      title={`${e.id}, ${e.kind}: ${kSources[e.kind] ?? "from correlation"}; weight ${e.weight.toFixed(2)} of a score of ${cause.score.toFixed(2)}`}
                    >
                      <span className="mono id">{e.id}</span>
                      <span className={e.weight < 0 ? "against" : "for"}>
                        <span className="hidden">{e.weight < 0 ? "against: " : "for: "}</span>
                        <span aria-hidden="true">{e.weight < 0 ? "−" : "+"}</span>
                      </span>
                      <Raw text={e.sentence} limit={600} />
                    </li>
                  ))}
                </ul>
                <p className="dim">
                  <Link to={servicePath(cause.service)}>Look at {plainVisible(cause.service)}</Link>
                </p>
              </details>
            </li>
          ))}
        </ol>
      )}
      {causes.length > 5 && <p className="dim">and {causes.length - 5} less likely</p>}
    </Panel>
  );
}
