#include "ingest/es_dialect.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace sentinel::ingest {
namespace {

constexpr const char* kVersion = "8.19.0";
constexpr const char* kUuid = "c2VudGluZWxvcHMtbG9jYWw";

net::Response answer(int status, std::string body) {
  net::Response response = net::Response::json(status, std::move(body));
  // Clients refuse a server that does not carry it, on every answer.
  response.headers.set("X-Elastic-Product", "Elasticsearch");
  return response;
}

// Filebeat refuses a server older than itself: its own version is in its User-Agent ("Elastic-filebeat/9.1.2
// (linux; ...)").
std::string version_for(const net::Request& request) {
  const auto agent = request.headers.get("User-Agent");
  if (!agent || !agent->starts_with("Elastic-")) return kVersion;
  const auto slash = agent->find('/');
  if (slash == std::string_view::npos) return kVersion;
  const auto version = agent->substr(slash + 1, agent->find(' ', slash) - slash - 1);
  const bool plain = !version.empty() && version.size() < 20 &&
                     version.find_first_not_of("0123456789.") == std::string_view::npos;
  return plain ? std::string(version) : kVersion;
}

std::string root_body(const net::Request& request) {
  return fmt::format(
      R"({{"name":"sentinelops","cluster_name":"sentinelops","cluster_uuid":"{}","version":{{"number":"{}","build_flavor":"default","build_type":"tar","build_hash":"unknown","build_date":"2025-07-23T22:10:26.954477227Z","build_snapshot":false,"lucene_version":"9.12.2","minimum_wire_compatibility_version":"7.17.0","minimum_index_compatibility_version":"7.0.0"}},"tagline":"You Know, for Search"}})",
      kUuid, version_for(request));
}

constexpr const char* kLicense =
    R"({"license":{"status":"active","uid":"c2VudGluZWxvcHM","type":"basic","mode":"basic","issue_date_in_millis":1577836800000,"expiry_date_in_millis":4102444800000}})";
constexpr const char* kHealth =
    R"({"cluster_name":"sentinelops","status":"green","timed_out":false,"number_of_nodes":1,"number_of_data_nodes":1,"active_primary_shards":1,"active_shards":1,"relocating_shards":0,"initializing_shards":0,"unassigned_shards":0})";
constexpr const char* kRefreshed = R"({"_shards":{"total":1,"successful":1,"failed":0}})";
constexpr const char* kAcknowledged = R"({"acknowledged":true})";

std::string filtered(const net::Request& request, std::string body) {
  const auto filter = request.param("filter_path");
  return filter ? filter_answer(body, *filter) : body;
}

}  // namespace

EsDialect::EsDialect(Deps deps, Options options)
    : deps_(deps),
      options_(std::move(options)),
      metric_indices_(options_.metrics_index),
      documents_(deps_.metrics.counter("sentinelops_ingest_documents_total", "Documents acknowledged.")),
      rejected_(deps_.metrics.counter("sentinelops_ingest_rejected_total",
                                      "Documents refused one by one, as damaged or not served.")) {}
EsDialect::~EsDialect() = default;

net::Response EsDialect::error(int status, std::string_view type, std::string_view reason) {
  const nlohmann::json cause = {{"type", type}, {"reason", to_valid_utf8(reason)}};
  nlohmann::json body = {{"error", cause}, {"status", status}};
  body["error"]["root_cause"] = nlohmann::json::array({cause});
  net::Response response = answer(status, body.dump());
  if (status == 429) response.headers.set("Retry-After", "1");
  if (status == 401) response.headers.set("WWW-Authenticate", "Basic realm=\"sentinelops\"");
  return response;
}

std::unique_ptr<DocumentParser> EsDialect::borrow_parser() {
  const std::lock_guard lock(mutex_);
  if (parsers_.empty()) return std::make_unique<DocumentParser>(options_.fields);
  auto parser = std::move(parsers_.back());
  parsers_.pop_back();
  return parser;
}

void EsDialect::give_back(std::unique_ptr<DocumentParser> parser) {
  const std::lock_guard lock(mutex_);
  parsers_.push_back(std::move(parser));
}

void EsDialect::bulk(net::Request& request, const net::Responder& responder, std::string_view index) {
  const Time began = deps_.clock.now();
  auto parser = borrow_parser();
  auto parsed = parse_bulk(request.body, index, metric_indices_, *parser, began);
  give_back(std::move(parser));
  if (!parsed) return responder.send(error(400, "illegal_argument_exception", parsed.error().text()));

  const std::uint64_t number = fnv1a(std::to_string(micros(began)), ++requests_);
  const std::size_t accepted = parsed->items.size() - parsed->failed;
  const auto filter = request.param("filter_path");
  const std::string filter_path(filter.value_or(""));
  model::DocumentBatch batch = std::move(parsed->batch);
  auto outcome = std::make_shared<BulkRequest>(std::move(*parsed));
  rejected_.add(static_cast<double>(outcome->failed));
  const auto done = [this, responder, outcome, number, accepted, began,
                     filter_path](const Result<void>& stored) {
    if (!stored) {
      deps_.log.warning("ingest.failed", {{"documents", static_cast<std::int64_t>(accepted)},
                                          {"error", stored.error().text()}});
      return responder.send(error(503, "unavailable_shards_exception", stored.error().text()));
    }
    documents_.add(static_cast<double>(accepted));
    const std::int64_t took = (deps_.clock.now() - began) / milliseconds(1);
    // The commonest filters ask for what fails: nothing did.
    if (outcome->failed == 0 && filter_path == "errors")
      return responder.send(answer(200, R"({"errors":false})"));
    std::string body = bulk_answer(*outcome, took, number);
    responder.send(answer(200, filter_path.empty() ? std::move(body) : filter_answer(body, filter_path)));
  };
  if (accepted == 0) return done({});
  if (auto taken = deps_.sink.submit(std::move(batch), began, done); !taken) {
    const bool busy = taken.error().kind == ErrorKind::kOverloaded;
    responder.send(error(busy ? 429 : 503,
                         busy ? "es_rejected_execution_exception" : "unavailable_shards_exception",
                         taken.error().text()));
  }
}

// POST /{index}/_doc and its relatives: one document.
void EsDialect::single(net::Request& request, const net::Responder& responder) {
  const Time now = deps_.clock.now();
  const std::string index = request.captures.front();
  const std::string id = request.captures.size() > 1 ? request.captures[1]
                                                     : hex(fnv1a(std::to_string(micros(now)), ++requests_));
  auto parser = borrow_parser();
  model::DocumentBatch batch;
  auto added = parser->add(request.body, true, metric_indices_.of(index), now, batch);
  give_back(std::move(parser));
  if (!added) {
    rejected_.add();
    return responder.send(error(400, "document_parsing_exception", added.error().text()));
  }
  const auto done = [this, responder, index, id](const Result<void>& stored) {
    if (!stored) return responder.send(error(503, "unavailable_shards_exception", stored.error().text()));
    documents_.add();
    const nlohmann::ordered_json body = {{"_index", to_valid_utf8(index)},
                                         {"_id", to_valid_utf8(id)},
                                         {"_version", 1},
                                         {"result", "created"},
                                         {"_shards", {{"total", 1}, {"successful", 1}, {"failed", 0}}},
                                         {"_seq_no", 0},
                                         {"_primary_term", 1}};
    responder.send(answer(201, body.dump()));
  };
  if (auto taken = deps_.sink.submit(std::move(batch), now, done); !taken) {
    const bool busy = taken.error().kind == ErrorKind::kOverloaded;
    responder.send(error(busy ? 429 : 503,
                         busy ? "es_rejected_execution_exception" : "unavailable_shards_exception",
                         taken.error().text()));
  }
}

void EsDialect::register_routes(net::Server& server, const std::string& prefix) {
  const auto fixed = [&](const char* methods, const std::string& path, const char* body) {
    server.route(methods, prefix + path, [body](net::Request& request, const net::Responder& responder) {
      responder.send(answer(200, filtered(request, body)));
    });
  };
  server.route("GET", prefix + "/", [](net::Request& request, const net::Responder& responder) {
    responder.send(answer(200, filtered(request, root_body(request))));
  });
  server.route("POST|PUT", prefix + "/_bulk", [this](net::Request& request, const net::Responder& responder) {
    bulk(request, responder, "");
  });
  server.route("POST|PUT", prefix + "/*/_bulk",
               [this](net::Request& request, const net::Responder& responder) {
                 const std::string index = request.captures.front();
                 bulk(request, responder, index);
               });
  for (const char* path : {"/*/_doc", "/*/_doc/*", "/*/_create/*"}) {
    server.route("POST|PUT", prefix + path, [this](net::Request& request, const net::Responder& responder) {
      single(request, responder);
    });
  }
  fixed("GET", "/_license", kLicense);
  fixed("GET", "/_xpack",
        R"({"build":{},"license":{"status":"active","type":"basic","mode":"basic"},"features":{}})");
  fixed("GET", "/_cluster/health", kHealth);
  server.route("GET", prefix + "/_cat/health", [](net::Request&, const net::Responder& responder) {
    net::Response response =
        net::Response::text(200, "0 00:00:00 sentinelops green 1 1 1 1 0 0 0 0 - 100.0%\n");
    response.headers.set("X-Elastic-Product", "Elasticsearch");
    responder.send(std::move(response));
  });
  // No other node is advertised: clients that sniff stay here.
  for (const char* path : {"/_nodes", "/_nodes/http", "/_nodes/_all/http"})
    fixed("GET", path,
          R"({"_nodes":{"total":0,"successful":0,"failed":0},"cluster_name":"sentinelops","nodes":{}})");
  for (const char* path : {"/_index_template/**", "/_template/**", "/_component_template/**",
                           "/_ilm/policy/**", "/_ingest/pipeline/**", "/_data_stream/**", "/_alias/**"}) {
    fixed("GET", path, "{}");
    fixed("PUT|POST|DELETE", path, kAcknowledged);
  }
  fixed("GET|POST", "/_refresh", kRefreshed);
  fixed("GET|POST", "/*/_refresh", kRefreshed);
  // Index management of a shipper's or simulator's start-up: indices exist as soon as something is sent to
  // them.
  server.route("PUT", prefix + "/*", [](net::Request& request, const net::Responder& responder) {
    const nlohmann::json body = {{"acknowledged", true},
                                 {"shards_acknowledged", true},
                                 {"index", to_valid_utf8(request.captures.front())}};
    responder.send(answer(200, body.dump()));
  });
  fixed("DELETE", "/*", kAcknowledged);
  server.route("GET", prefix + "/*", [](net::Request& request, const net::Responder& responder) {
    responder.send(error(404, "index_not_found_exception",
                         fmt::format("no such index [{}]", one_line(request.captures.front(), 120))));
  });
}

}  // namespace sentinel::ingest
