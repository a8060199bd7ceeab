// An incident as Markdown, for chats and tickets, and the draft of its post-mortem. Text from logs is quoted so
// that it stays text there too.
import type { Incident } from "../../api/client";
import { metricName, share } from "../../lib/format";
import { plainVisible } from "../../lib/text";
import { duration, utcText } from "../../lib/time";

const kFence = "```";
// Inside a code span a backtick would end it.
const code = (text: string) => "`" + plainVisible(text).replace(/`/g, "'").replace(/\s+/g, " ").slice(0, 300) + "`";
const plain = (text: string) => plainVisible(text).replace(/([\\`*_[\]<>#|])/g, "\\$1").replace(/\s+/g, " ");
const at = (time: string) => utcText(new Date(time)).replace(/\.\d+/, "");

export function incidentMarkdown(i: Incident): string {
  const cause = i.causes[0];
  const lines = [
    `**${i.severity} ${plain(i.title)}** (${i.state})`,
    `${location.origin}/incidents/${i.id}`,
    "",
    `- since: ${at(i.onset)}${i.resolved_at ? `, resolved ${at(i.resolved_at)}` : ""}`,
    ...(cause ? [`- started by: ${plain(cause.service)} (${share(cause.probability)})`] : []),
    `- affected: ${i.services.map(plain).join(", ")}`,
    ...(i.confidence ? [`- confidence: ${i.confidence}`] : []),
  ];
  if (cause?.evidence.length) {
    lines.push("", "Evidence:");
    for (const e of cause.evidence.slice(0, 6)) lines.push(`- ${e.id} ${e.weight < 0 ? "(against) " : ""}${plain(e.sentence)}`);
  }
  if (i.anomalies.length) {
    lines.push("", "Unusual:");
    for (const a of i.anomalies.slice(0, 8)) lines.push(`- ${a.severity} ${plain(a.service)} ${metricName(a.metric)}: ${plain(a.sentence)}`);
  }
  const fresh = i.patterns.filter((p) => p.change !== "steady").slice(0, 5);
  if (fresh.length) {
    lines.push("", "Log patterns:");
    for (const p of fresh) lines.push(`- ${p.change}, ${p.count}×: ${code(p.text)}`);
  }
  const steps = i.matched_runbooks[0]?.resolution_steps ?? i.analysis?.remediation_steps ?? [];
  if (steps.length) {
    lines.push("", `Steps${i.matched_runbooks[0] ? ` (runbook ${plain(i.matched_runbooks[0].title)})` : ""}:`);
    steps.forEach((step, n) => lines.push(`${n + 1}. ${plain(step)}`));
  }
  return lines.join("\n") + "\n";
}

export function postMortem(i: Incident): string {
  const end = i.resolved_at ? new Date(i.resolved_at) : undefined;
  const length = end ? duration(end.getTime() - new Date(i.onset).getTime()) : "not over yet";
  const cause = i.causes[0];
  const detected = duration(new Date(i.created_at).getTime() - new Date(i.onset).getTime());
  const acknowledged = i.timeline.find((e) => e.kind === "acknowledged");
  const lines = [
    `# Post-mortem: ${plain(i.title)}`,
    "",
    `Incident: ${i.id} (${location.origin}/incidents/${i.id}), ${i.severity}, ${i.state}`,
    "",
    "| | |",
    "|---|---|",
    `| Began | ${at(i.onset)} |`,
    `| Detected | ${at(i.created_at)}, ${detected} later |`,
    `| Acknowledged | ${acknowledged ? `${at(acknowledged.at)} by ${plain(acknowledged.actor)}` : "by nobody"} |`,
    `| Resolved | ${i.resolved_at ? at(i.resolved_at) : "not yet"} |`,
    `| Length | ${length} |`,
    `| Affected | ${i.services.map(plain).join(", ")} |`,
    "",
    "## Summary",
    i.analysis ? plain(i.analysis.summary) : "_one paragraph for somebody who was not there_",
    "",
    "## Impact",
    "_who noticed what, for how long; the numbers below are from detection_",
    ...i.anomalies.map((a) => `- ${plain(a.service)} ${metricName(a.metric)}: ${plain(a.sentence)}`),
    "",
    "## Root cause",
    i.analysis ? plain(i.analysis.root_cause) : "_what started it_",
    "",
    ...(cause
      ? [`What points at ${plain(cause.service)} (${share(cause.probability)}):`, ...cause.evidence.map((e) => `- ${e.id} ${e.weight < 0 ? "(against) " : ""}${plain(e.sentence)}`), ""]
      : []),
    "## Log patterns",
    kFence,
    ...i.patterns
      .filter((p) => p.change !== "steady")
      .slice(0, 10)
      .map((p) => `${p.change.padEnd(4)} ${String(p.count).padStart(6)}x  ${plainVisible(p.text).replace(/`/g, "'").slice(0, 200)}`),
    kFence,
    "",
    "## Timeline (UTC)",
    `- ${at(i.onset)} first sign of trouble`,
    ...i.timeline.map((e) => `- ${at(e.at)} ${e.kind}${e.actor && e.actor !== "sentinelops" ? ` by ${plain(e.actor)}` : ""}: ${plain(e.text)}`),
    "",
    "## What went well",
    "- ",
    "",
    "## What went badly",
    "- ",
    "",
    "## Actions",
    "| action | owner | due |",
    "|---|---|---|",
    "| | | |",
    "",
  ];
  return lines.join("\n");
}
