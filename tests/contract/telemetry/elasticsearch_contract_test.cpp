// The contract suite on real clusters: Elasticsearch by ES|QL and by _search, OpenSearch by _search. The
// nodes are started by the ctest fixtures of tests/elasticsearch; SENTINELOPS_NODES is their folder.
#include <stdlib.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "ingest/ingest.hpp"
#include "ingest/log_document.hpp"
#include "model/json.hpp"
#include "telemetry/elasticsearch/elasticsearch_telemetry.hpp"
#include "telemetry_contract.hpp"

namespace sentinel::telemetry {
namespace {

using nlohmann::json;

// As a shipper writes, through a pipeline that sets when the document came.
json document(const model::LogRow& row, Time ingested) {
  json doc = ingest::log_document(row);
  doc["event.ingested"] = format_rfc3339(ingested);
  return doc;
}

constexpr const char* kMapping = R"({"settings":{"number_of_shards":1,"number_of_replicas":0},
  "mappings":{"dynamic":false,"properties":{"@timestamp":{"type":"date"},"event.ingested":{"type":"date"},
  "event.kind":{"type":"keyword"},"service.name":{"type":"keyword"},"level":{"type":"keyword"},
  "message":{"type":"text"},"duration_ms":{"type":"float"},"trace.id":{"type":"keyword"},
  "span.id":{"type":"keyword"},"parent.id":{"type":"keyword"},"span.kind":{"type":"keyword"},
  "peer.service":{"type":"keyword"},"status_code":{"type":"integer"},
  "host.name":{"type":"keyword"},"cpu":{"type":"double"},"memory":{"type":"double"},
  "tenant":{"properties":{"name":{"type":"keyword"}}},"attempt":{"type":"long"},"cached":{"type":"boolean"},
  "http":{"properties":{"route":{"type":"text"}}}}}})";

// An index of its own on the node, written by _bulk, and the store that reads it.
class Cluster final : public TelemetrySink {
 public:
  Cluster(const std::string& node, ElasticsearchOptions::Engine engine)
      : transport_(net::make_curl_transport({})) {
    static int number = 0;
    index_ = "contract-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
    std::ifstream file(std::string(::getenv("SENTINELOPS_NODES")) + "/" + node + ".json");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    url_ = json::parse(text).at("url").get<std::string>();
    send("PUT", "/" + index_, kMapping, "application/json");
    send("PUT", "/" + index_ + "-metrics", kMapping, "application/json");
    ElasticsearchOptions options;
    options.connection.hosts = {url_};
    options.log_index = index_;
    options.metrics_index = index_ + "-metr*";
    options.engine = engine;
    options.read_document = [this](std::string_view source, Time fallback, model::DocumentBatch& out) {
      return parser_.add(source, false, ingest::DocumentClass::kLog, fallback, out);
    };
    store = std::make_unique<ElasticsearchTelemetry>(
        *transport_, std::move(options),
        // A healthy node needs no second attempt.
        net::RetryTime{[this] { return clock_.now(); }, [](Duration) { return false; }},
        Log(logger_, "telemetry"));
  }
  ~Cluster() override {
    store.reset();
    send("DELETE", "/" + index_, "", "application/json");
    send("DELETE", "/" + index_ + "-metrics", "", "application/json");
  }

  Result<void> submit(model::DocumentBatch batch, Time ingested, Done done) override {
    std::string body;
    const auto add = [&](const std::string& index, const json& doc) {
      body += json{{"create", {{"_index", index}}}}.dump() + "\n" + doc.dump() + "\n";
    };
    for (const auto& row : batch.logs) add(index_, document(row, ingested));
    for (const auto& row : batch.metrics)
      add(index_ + "-metrics", {{"@timestamp", format_rfc3339(row.time)},
                                {"service.name", row.service},
                                {std::string(row.name), row.value}});
    if (!body.empty()) {
      const std::string answer = send("POST", "/_bulk?refresh=true", body, "application/x-ndjson");
      if (answer.find("\"errors\":false") == std::string::npos)
        return fail(ErrorKind::kInternal, answer.substr(0, 500));
    }
    done({});
    return {};
  }

  std::unique_ptr<ElasticsearchTelemetry> store;

 private:
  std::string send(const char* method, const std::string& path, std::string body, const char* type) {
    net::ClientRequest request;
    request.method = method;
    request.url = url_ + path;
    request.body = std::move(body);
    request.headers.add("Content-Type", type);
    const auto answer = transport_->send(request);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().text());
    if (!answer) return "";
    EXPECT_EQ(answer->status / 100, 2) << answer->body.substr(0, 500);
    return answer->body;
  }

  std::unique_ptr<net::Transport> transport_;
  SystemClock clock_;
  NullLogger logger_;
  ingest::DocumentParser parser_;
  std::string url_;
  std::string index_;
};

Subject on(const std::string& name, const std::string& node, ElasticsearchOptions::Engine engine) {
  return {name, [node, engine] {
            auto owned = std::make_shared<Cluster>(node, engine);
            return Fixture{owned->store.get(), owned.get(), owned};
          }};
}

using Engine = ElasticsearchOptions::Engine;
INSTANTIATE_TEST_SUITE_P(Clusters, TelemetryContract,
                         testing::Values(on("elasticsearch_esql", "plain", Engine::kAsk),
                                         on("elasticsearch_search", "plain", Engine::kSearch),
                                         on("opensearch", "opensearch", Engine::kAsk)),
                         [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace sentinel::telemetry
