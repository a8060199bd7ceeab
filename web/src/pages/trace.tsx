import { get } from "../api/client";
import { useResource } from "../api/use_resource";
import { milliseconds, plural } from "../lib/format";
import { plainVisible } from "../lib/text";
import { When } from "../lib/time";
import { Empty, Panel, Show } from "../ui/basics";
import { Waterfall } from "../ui/waterfall";

export function Trace({ id }: { id: string }) {
  const trace = useResource(`trace ${id}`, (signal) => get("/api/traces/{id}", { path: { id }, query: { from: "now-7d" }, signal }));
  return (
    <>
      <div className="pagehead">
        <h1>
          Trace <span className="mono">{plainVisible(id)}</span>
        </h1>
      </div>
      <Show of={trace} lines={6}>
        {(data) => (
          <Panel
            title={plural(data.spans.length, "span")}
            aside={
              <>
                {milliseconds(data.duration_ms)}, from <When at={data.from} />
              </>
            }
          >
            {data.spans.length + data.logs.length === 0 ? (
              <Empty title="Nothing of this trace is kept.">Lines older than the retention are gone.</Empty>
            ) : (
              <Waterfall trace={data} />
            )}
          </Panel>
        )}
      </Show>
    </>
  );
}
