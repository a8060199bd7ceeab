// Prints N random incidents as the blocks of Slack's message, one JSON array a line. Odd text included:
// control characters, mentions, half characters, very long lines.
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/rng.hpp"
#include "notify/channels/slack_blocks.hpp"

namespace sentinel::notify {
namespace {

std::string text(Rng& rng, std::int64_t most) {
  static const char* kParts[] = {
      "payment", " ",  "<!channel>", "&amp;", "<@U1>", "*",          "`",  "\n",  "\x1b[31m",
      "\xff",    "ü",  "🔥",          "<",     ">",     "&",          "\"", "\\",  "timeout after ",
      "99 %",    "_x", "\t",         "|",     "~",     "http://a/b", "–",  "\xe2"};
  std::string out;
  const auto length = rng.integer(0, most);
  while (static_cast<std::int64_t>(out.size()) < length)
    out += kParts[static_cast<std::size_t>(rng.integer(0, static_cast<std::int64_t>(std::size(kParts)) - 1))];
  return out;
}

model::Incident incident(Rng& rng) {
  const auto most = [&] { return rng.chance(0.1) ? 5000 : 60; };
  model::Incident i;
  i.id = "INC-20260220192027-" + text(rng, 8);
  i.title = text(rng, most());
  i.severity = static_cast<model::Severity>(rng.integer(1, 4));
  i.state = static_cast<model::IncidentState>(rng.integer(0, 2));
  if (!i.is_active()) i.resolved_at = time_from_micros(rng.integer(0, 1'000'000'000'000'000));
  i.acknowledged_by = text(rng, most());
  i.flapping = rng.chance(0.2);
  for (auto n = rng.integer(0, 60); n > 0; --n) i.services.push_back(text(rng, most()));
  for (auto n = rng.integer(0, 60); n > 0; --n) {
    model::Anomaly a;
    a.service = text(rng, most());
    a.sentence = text(rng, most());
    i.anomalies.push_back(a);
  }
  if (rng.chance(0.8)) {
    model::Analysis a;
    a.summary = text(rng, most());
    a.root_cause = text(rng, most());
    for (auto n = rng.integer(0, 30); n > 0; --n) a.remediation_steps.push_back(text(rng, most()));
    i.analysis = a;
  }
  if (rng.chance(0.5)) {
    model::RunbookMatch match;
    match.runbook.title = text(rng, most());
    i.runbooks.push_back(match);
  }
  return i;
}

}  // namespace
}  // namespace sentinel::notify

int main(int argc, char** argv) {
  using namespace sentinel::notify;
  sentinel::Rng rng(7);
  const int count = argc > 1 ? std::atoi(argv[1]) : 1000;
  for (int n = 0; n < count; ++n) {
    const auto i = incident(rng);
    const auto facts = facts_of(i, rng.chance(0.5) ? "http://127.0.0.1:8000/" : "");
    const auto blocks = slack_blocks(facts, i.id, i.is_active(), rng.chance(0.5));
    // As the channel writes them: half characters are replaced.
    std::puts(blocks.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  }
  return 0;
}
