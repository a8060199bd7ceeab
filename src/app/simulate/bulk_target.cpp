#include "app/simulate/bulk_target.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "model/json.hpp"
#include "telemetry/elasticsearch/connection.hpp"

namespace sentinel::app {

BulkTarget::BulkTarget(net::Transport& transport, std::string url, std::string token, std::string api_key)
    : transport_(transport), url_(std::move(url)), token_(std::move(token)), api_key_(std::move(api_key)) {
  while (url_.ends_with('/')) url_.pop_back();
}

net::ClientRequest BulkTarget::request(std::string method, std::string_view path, std::string body) const {
  net::ClientRequest request;
  request.method = std::move(method);
  request.url = url_ + std::string(path);
  request.body = std::move(body);
  if (!api_key_.empty()) {
    request.headers.add("Authorization", "ApiKey " + api_key_);
  } else if (!token_.empty()) {
    request.headers.add("Authorization", "Bearer " + token_);
  }
  return request;
}

Result<void> BulkTarget::post(const std::string& body) {
  auto bulk = request("POST", "/_bulk", body);
  bulk.headers.add("Content-Type", "application/x-ndjson");
  const SystemClock clock;
  const net::RetryTime time{[&] { return clock.now(); },
                            [](Duration wait) {
                              std::this_thread::sleep_for(wait);
                              return true;
                            }};
  SENTINEL_ASSIGN(const auto answer, net::send_with_retry(transport_, bulk, {.max_attempts = 6},
                                                          net::classify_default, rng_, time));
  if (answer.status != 200)
    return fail(ErrorKind::kUnavailable,
                fmt::format("{}/_bulk answered {}: {}", url_, answer.status, one_line(answer.body, 300)));
  SENTINEL_ASSIGN(const auto json, model::parse_json(answer.body));
  const auto errors = json.is_object() ? json.find("errors") : json.end();
  if (errors == json.end() || !errors->is_boolean())
    return fail(ErrorKind::kCorrupt,
                fmt::format("{}/_bulk gave no bulk answer: {}", url_, one_line(answer.body, 300)));
  if (!errors->get<bool>()) return {};
  if (const auto items = json.find("items"); items != json.end() && items->is_array()) {
    for (const auto& item : *items) {
      if (!item.is_object() || item.empty()) continue;
      const auto& result = item.front();
      if (!result.is_object() || !result.contains("error")) continue;
      const auto& error = result["error"];
      const std::string reason = error.is_object() && error.contains("reason") && error["reason"].is_string()
                                     ? error["reason"].get<std::string>()
                                     : error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
      return fail(ErrorKind::kInvalid,
                  fmt::format("{}/_bulk refused a document: {}{}", url_, one_line(reason, 300),
                              telemetry::advice_for_block(reason)));
    }
  }
  return fail(ErrorKind::kCorrupt, fmt::format("{}/_bulk says that documents failed, not which", url_));
}

std::string index_body() {
  return R"({"aliases":{"app-logs-all":{"is_write_index":true}},"mappings":{"properties":{"@timestamp":{"type":"date"},"service.name":{"type":"keyword"},"level":{"type":"keyword"},"message":{"type":"text"},"duration_ms":{"type":"float"},"trace.id":{"type":"keyword"},"span.id":{"type":"keyword"},"parent.id":{"type":"keyword"},"status_code":{"type":"integer"},"endpoint":{"type":"keyword"},"service.version":{"type":"keyword"},"host.name":{"type":"keyword"}}}})";
}

Result<void> BulkTarget::make_index() {
  auto make = request("PUT", "/app-logs-000001", index_body());
  make.headers.add("Content-Type", "application/json");
  SENTINEL_ASSIGN(const auto answer, transport_.send(make));
  const bool exists = answer.body.find("resource_already_exists_exception") != std::string::npos;
  if (answer.status / 100 != 2 && !exists) {
    return fail(ErrorKind::kUnavailable, fmt::format("making the index at {}: {}: {}", url_, answer.status,
                                                     one_line(answer.body, 300)));
  }
  return {};
}

Result<void> BulkTarget::refresh() {
  SENTINEL_ASSIGN(const auto answer, transport_.send(request("POST", "/app-logs-all/_refresh", "")));
  if (answer.status / 100 == 2) return {};
  return fail(ErrorKind::kUnavailable, fmt::format("refreshing the index at {}: {}: {}", url_, answer.status,
                                                   one_line(answer.body, 300)));
}

}  // namespace sentinel::app
