#include "ingest/bulk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace sentinel::ingest {
namespace {

using nlohmann::json;

std::string_view name_of(BulkItem::Action action) {
  switch (action) {
    case BulkItem::Action::kIndex:
      return "index";
    case BulkItem::Action::kCreate:
      return "create";
    case BulkItem::Action::kUpdate:
      return "update";
    case BulkItem::Action::kDelete:
      return "delete";
  }
  return "index";
}

// The next line without its end; false at the end of the body.
bool next_line(std::string_view& rest, std::string_view& line) {
  if (rest.empty()) return false;
  const void* end = std::memchr(rest.data(), '\n', rest.size());
  const std::size_t length =
      end == nullptr ? rest.size() : static_cast<std::size_t>(static_cast<const char*>(end) - rest.data());
  line = rest.substr(0, length);
  rest.remove_prefix(std::min(rest.size(), length + 1));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return true;
}

// Action lines repeat: a shipper writes the same bytes for each document. The last one read is remembered.
class ActionReader {
 public:
  explicit ActionReader(std::string_view default_index) : default_index_(default_index) {}

  Result<BulkItem> read(std::string_view line, int number) {
    if (line == last_line_ && last_.id.empty()) return last_;
    json action = json::parse(line, nullptr, false);
    if (action.is_discarded() || !action.is_object() || action.size() != 1 ||
        !action.begin().value().is_object()) {
      return fail(ErrorKind::kInvalid,
                  fmt::format("Malformed action/metadata line [{}], expected one of [create, delete, index, "
                              "update] with an object but found [{}]",
                              number, one_line(line, 80)));
    }
    BulkItem item;
    const std::string& verb = action.begin().key();
    if (verb == "create") {
      item.action = BulkItem::Action::kCreate;
    } else if (verb == "index") {
      item.action = BulkItem::Action::kIndex;
    } else if (verb == "update") {
      item.action = BulkItem::Action::kUpdate;
    } else if (verb == "delete") {
      item.action = BulkItem::Action::kDelete;
    } else {
      return fail(ErrorKind::kInvalid, fmt::format("Malformed action/metadata line [{}], expected one of "
                                                   "[create, delete, index, update] but found [{}]",
                                                   number, one_line(verb, 80)));
    }
    const json& meta = action.begin().value();
    const auto text = [&](const char* key) {
      return meta.contains(key) && meta[key].is_string() ? meta[key].get<std::string>() : std::string();
    };
    item.index = text("_index");
    if (item.index.empty()) item.index = default_index_;
    item.id = text("_id");
    if (item.index.empty()) item.index = "app-logs";
    last_line_ = line;
    last_ = item;
    return item;
  }

 private:
  std::string default_index_;
  std::string last_line_;
  BulkItem last_;
};

void refuse(BulkRequest& request, BulkItem item, std::string type, std::string reason) {
  item.status = 400;
  item.error_type = std::move(type);
  item.reason = std::move(reason);
  ++request.failed;
  request.items.push_back(std::move(item));
}

void append_quoted(std::string& out, std::string_view text) { out += json(to_valid_utf8(text)).dump(); }

using Path = std::vector<std::string_view>;

bool path_matches(const std::vector<std::string_view>& pattern, std::size_t p, const Path& path,
                  std::size_t at) {
  if (p == pattern.size()) return true;  // a named node is kept with all below it
  if (pattern[p] == "**") {
    for (std::size_t skip = at; skip <= path.size(); ++skip) {
      if (path_matches(pattern, p + 1, path, skip)) return true;
    }
    return false;
  }
  return at < path.size() && glob_match(pattern[p], path[at]) && path_matches(pattern, p + 1, path, at + 1);
}

struct Filter {
  std::vector<std::vector<std::string_view>> include;
  std::vector<std::vector<std::string_view>> exclude;
  static bool any(const std::vector<std::vector<std::string_view>>& patterns, const Path& path) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const auto& pattern) { return path_matches(pattern, 0, path, 0); });
  }
};

// The part of `value` that the filter keeps; discarded when nothing is. Lists take no level of their own.
nlohmann::ordered_json keep(const nlohmann::ordered_json& value, const Filter& filter, Path& path) {
  using ordered = nlohmann::ordered_json;
  if (!path.empty() && Filter::any(filter.exclude, path)) return ordered(ordered::value_t::discarded);
  const bool all = filter.include.empty() || (!path.empty() && Filter::any(filter.include, path));
  if (all && filter.exclude.empty()) return value;
  if (value.is_object()) {
    ordered part = ordered::object();
    for (const auto& [key, inner] : value.items()) {
      path.push_back(key);
      ordered piece = keep(inner, filter, path);
      path.pop_back();
      if (!piece.is_discarded()) part[key] = std::move(piece);
    }
    if (part.empty() && !path.empty()) return ordered(ordered::value_t::discarded);
    return part;
  }
  if (value.is_array()) {
    ordered part = ordered::array();
    for (const auto& inner : value) {
      ordered piece = keep(inner, filter, path);
      if (!piece.is_discarded()) part.push_back(std::move(piece));
    }
    if (part.empty()) return ordered(ordered::value_t::discarded);
    return part;
  }
  return all ? value : ordered(ordered::value_t::discarded);
}

}  // namespace

MetricIndices::MetricIndices(std::string_view patterns) {
  for (const auto pattern : split(patterns, ',')) {
    if (!trim(pattern).empty()) patterns_.emplace_back(trim(pattern));
  }
}

DocumentClass MetricIndices::of(std::string_view index) const {
  const bool metric = std::any_of(patterns_.begin(), patterns_.end(),
                                  [&](const std::string& pattern) { return glob_match(pattern, index); });
  return metric ? DocumentClass::kMetric : DocumentClass::kLog;
}

Result<BulkRequest> parse_bulk(std::string_view body, std::string_view default_index,
                               const MetricIndices& metrics, DocumentParser& parser, Time now) {
  BulkRequest request;
  ActionReader actions(default_index);
  std::string_view rest = body;
  std::string_view line;
  int number = 0;
  while (next_line(rest, line)) {
    ++number;
    if (trim(line).empty()) continue;
    SENTINEL_ASSIGN(auto item, actions.read(line, number));
    if (item.action == BulkItem::Action::kDelete) {
      refuse(request, std::move(item), "illegal_argument_exception", "documents cannot be deleted here");
      continue;
    }
    std::string_view source;
    if (!next_line(rest, source)) {
      refuse(request, std::move(item), "document_parsing_exception",
             fmt::format("the action on line {} has no source line", number));
      continue;
    }
    ++number;
    if (item.action == BulkItem::Action::kUpdate) {
      refuse(request, std::move(item), "illegal_argument_exception", "documents cannot be updated here");
      continue;
    }
    if (auto added = parser.add(source, true, metrics.of(item.index), now, request.batch); !added) {
      refuse(request, std::move(item), "document_parsing_exception",
             fmt::format("line {}: {}", number, added.error().text()));
      continue;
    }
    request.items.push_back(std::move(item));
  }
  if (request.items.empty()) return fail(ErrorKind::kInvalid, "request body is required");
  return request;
}

std::string bulk_answer(const BulkRequest& request, std::int64_t took_ms, std::uint64_t number) {
  std::string out;
  out.reserve(64 + request.items.size() * 160);
  out +=
      fmt::format("{{\"took\":{},\"errors\":{},\"items\":[", took_ms, request.failed > 0 ? "true" : "false");
  std::uint64_t seq = 0;
  for (const BulkItem& item : request.items) {
    if (seq++ > 0) out += ',';
    out += fmt::format("{{\"{}\":{{\"_index\":", name_of(item.action));
    append_quoted(out, item.index);
    out += ",\"_id\":";
    if (item.id.empty()) {
      out += '"';
      out += hex(number) + hex(seq, 4);
      out += '"';
    } else {
      append_quoted(out, item.id);
    }
    if (item.status < 300) {
      out += fmt::format(
          ",\"_version\":1,\"result\":\"created\",\"_shards\":{{\"total\":1,\"successful\":1,\"failed\":0}},"
          "\"_seq_no\":{},\"_primary_term\":1,\"status\":{}}}}}",
          seq - 1, item.status);
    } else {
      out +=
          fmt::format(",\"status\":{},\"error\":{{\"type\":\"{}\",\"reason\":", item.status, item.error_type);
      append_quoted(out, item.reason);
      out += "}}}";
    }
  }
  out += "]}";
  return out;
}

std::string filter_answer(const std::string& text, std::string_view filter_path) {
  Filter filter;
  for (auto part : split(filter_path, ',')) {
    part = trim(part);
    const bool exclude = part.starts_with('-');
    if (exclude) part.remove_prefix(1);
    if (!part.empty()) (exclude ? filter.exclude : filter.include).push_back(split(part, '.'));
  }
  if (filter.include.empty() && filter.exclude.empty()) return text;
  const auto value = nlohmann::ordered_json::parse(text, nullptr, false);
  if (value.is_discarded()) return text;
  Path path;
  return keep(value, filter, path).dump();
}

}  // namespace sentinel::ingest
