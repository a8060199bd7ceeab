#include "app/cluster_documents.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/json.hpp"
#include "net/http.hpp"

namespace sentinel::app {
namespace {

using nlohmann::json;

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

// A bulk request whose items all have to succeed.
Result<void> bulk(telemetry::Connection& connection, const std::string& body, const std::string& about) {
  SENTINEL_ASSIGN(const json answer, connection.ask("POST", "/_bulk?refresh=wait_for", body, about));
  if (!answer.value("errors", true)) return {};
  for (const auto& item : answer.value("items", json::array())) {
    if (!item.is_object() || item.empty() || !item.front().is_object() || !item.front().contains("error"))
      continue;
    const json& error = item.front()["error"];
    const std::string reason = error.is_object() && error.contains("reason") && error["reason"].is_string()
                                   ? error["reason"].get<std::string>()
                                   : dump(error);
    return fail(ErrorKind::kInvalid, fmt::format("{}: a document is refused: {}{}", about,
                                                 one_line(reason, 300), telemetry::advice_for_block(reason)));
  }
  return fail(ErrorKind::kCorrupt, about + ": the answer says that documents failed, not which");
}

constexpr const char* kRunbookMapping =
    R"({"mappings":{"properties":{"title":{"type":"text"},"incident_date":{"type":"date","ignore_malformed":true},"services_affected":{"type":"keyword"},"root_cause":{"type":"text"},"resolution_steps":{"type":"text"},"tags":{"type":"keyword"}}}})";

}  // namespace

Result<int> seed_runbook_index(telemetry::Connection& connection, const std::string& index,
                               const std::vector<model::Runbook>& runbooks) {
  const std::string path = "/" + net::percent_encode(index);
  const auto count = connection.ask("GET", path + "/_count", "", "counting runbooks in " + index);
  if (!count && count.error().kind != ErrorKind::kNotFound) return tl::unexpected<Error>(count.error());
  if (count && count->value("count", std::int64_t{0}) > 0) return 0;
  if (!count) {
    SENTINEL_TRY(connection.ask("PUT", path, kRunbookMapping, "making the index " + index));
  }
  std::string body;
  for (const auto& runbook : runbooks) {
    json document = model::to_json(runbook);
    body += dump({{"index", {{"_index", index}, {"_id", runbook.id}}}}) + "\n" + dump(document) + "\n";
  }
  if (!body.empty()) SENTINEL_TRY(bulk(connection, body, "seeding " + index));
  return static_cast<int>(runbooks.size());
}

Result<std::optional<std::vector<model::Runbook>>> read_runbook_index(telemetry::Connection& connection,
                                                                      const std::string& index) {
  constexpr std::size_t kMost = 10'000;
  std::vector<model::Runbook> all;
  const auto answer = connection.ask(
      "POST", "/" + net::percent_encode(index) + "/_search?allow_partial_search_results=false",
      dump({{"size", kMost}, {"query", {{"match_all", json::object()}}}}), "reading runbooks from " + index);
  if (!answer && answer.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!answer) return tl::unexpected<Error>(answer.error());
  const json::json_pointer hits("/hits/hits");
  if (!answer->contains(hits) || !(*answer)[hits].is_array())
    return fail(ErrorKind::kCorrupt, "reading runbooks: the answer has no hits");
  // A part would look as if the rest had been removed.
  if ((*answer)[hits].size() >= kMost)
    return fail(ErrorKind::kInvalid, fmt::format("{} holds {} runbooks or more", index, kMost));
  for (const auto& hit : (*answer)[hits]) {
    auto runbook = model::runbook_from_json(hit.value("_source", json()));
    if (!runbook) continue;
    if (runbook->id.empty()) runbook->id = model::runbook_id(runbook->title);
    all.push_back(std::move(*runbook));
  }
  return all;
}

void IncidentMirror::write(const std::vector<model::Incident>& changed) {
  for (const auto& incident : changed) waiting_[incident.id] = incident;
  if (waiting_.empty()) return;
  std::string body;
  for (const auto& [id, incident] : waiting_) {
    json document = model::to_json(incident);
    document["@timestamp"] = format_rfc3339(incident.onset);
    body += dump({{"index", {{"_index", index_}, {"_id", id}}}}) + "\n" + dump(document) + "\n";
  }
  const auto done = bulk(connection_, body, "mirroring incidents to " + index_);
  if (done) {
    waiting_.clear();
    failing_ = false;
  } else if (!failing_) {
    failing_ = true;
    log_.warning("incidents.mirror.failed", {{"error", done.error().text()}});
  }
}

}  // namespace sentinel::app
