// Why each metric did or did not alert at a moment: the judgement of every window length, and what held it back.
import { get } from "../../api/client";
import { useResource } from "../../api/use_resource";
import { metricName, metricUnit, ofUnit } from "../../lib/format";
import { Raw } from "../../lib/text";
import { duration, When } from "../../lib/time";
import { Empty, Panel, Show } from "../../ui/basics";

export function Explain({ name, at, clear }: { name: string; at?: number; clear: () => void }) {
  const explained = useResource(
    `explain ${name} ${at ?? "now"}`,
    (signal) =>
      get("/api/services/{name}/explain", { path: { name }, query: { at: at === undefined ? undefined : String(at) }, signal }),
    at === undefined ? ["tick"] : [],
  );
  return (
    <Panel
      title="Why it did or did not alert"
      aside={
        at === undefined ? (
          "at the last look"
        ) : (
          <span className="row">
            <span>
              at <When at={at * 1000} />
            </span>
            <button type="button" className="link" onClick={clear}>
              the last look
            </button>
          </span>
        )
      }
    >
      <Show of={explained}>
        {(data) =>
          data.metrics.length === 0 ? (
            <Empty title="This moment cannot be explained.">
              Detection explains what it has judged since it started; older moments have observed values only.
            </Empty>
          ) : (
            <ul className="plain explain">
              {data.metrics.map((m) => (
                <li key={m.metric}>
                  <details>
                    <summary>
                      <b>{metricName(m.metric)}</b> <span className="num">score {m.score.toFixed(1)}</span>{" "}
                      <span className="dim">
                        <Raw text={m.sentence} limit={300} />
                      </span>
                    </summary>
                    <div className="scroll" tabIndex={0} role="group" aria-label={`judgements of ${metricName(m.metric)}`}>
                      <table>
                        <thead>
                          <tr>
                            <th>window</th>
                            <th className="right">observed</th>
                            <th className="right">expected</th>
                            <th className="right">band</th>
                            <th className="right">before gates</th>
                            <th className="right">score</th>
                            <th>held back by</th>
                          </tr>
                        </thead>
                        <tbody>
                          {m.horizons.map((h, i) => {
                            const unit = metricUnit(m.metric);
                            return (
                              <tr key={i}>
                                <td className="nowrap">
                                  {duration(h.length_seconds * 1000)} {h.channel}
                                </td>
                                <td className="num right">{h.scored ? ofUnit(h.observed, unit) : "–"}</td>
                                <td className="num right">{h.scored ? ofUnit(h.expected, unit) : "–"}</td>
                                <td className="num right nowrap">
                                  {h.scored ? `${ofUnit(h.band_low, unit)} – ${ofUnit(h.band_high, unit)}` : "–"}
                                </td>
                                <td className="num right">{h.scored ? h.raw.toFixed(1) : "–"}</td>
                                <td className="num right">{h.scored ? h.score.toFixed(1) : "not judged"}</td>
                                <td>
                                  <Raw text={h.gates.join("; ") || "nothing"} limit={300} />
                                </td>
                              </tr>
                            );
                          })}
                        </tbody>
                      </table>
                    </div>
                  </details>
                </li>
              ))}
            </ul>
          )
        }
      </Show>
    </Panel>
  );
}
