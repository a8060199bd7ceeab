#include "api/log_query.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/parameters.hpp"
#include "base/text.hpp"

namespace sentinel::api {
namespace {

constexpr std::size_t kLongestText = 2000;
constexpr std::size_t kMostTerms = 100;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@'; }
bool is_name(std::string_view text) {
  return !text.empty() && is_letter(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

// The next word from `at` on, which is moved behind it; quotes keep blanks and are taken away. `quoted_from`:
// where in the word the first quoted part begins, npos when there is none.
std::string next_word(std::string_view q, std::size_t& at, std::size_t& quoted_from) {
  std::string word;
  quoted_from = std::string::npos;
  bool quoted = false;
  for (; at < q.size(); ++at) {
    const char c = q[at];
    if (c == '"' && (quoted || q.find('"', at + 1) != std::string_view::npos)) {
      if (!quoted && quoted_from == std::string::npos) quoted_from = word.size();
      quoted = !quoted;
    } else if ((c == ' ' || c == '\t') && !quoted) {
      break;
    } else {
      word += c;
    }
  }
  return word;
}

Result<void> add_term(telemetry::EventQuery& query, const std::string& name, const std::string& value) {
  if (name == "service" || name == "service.name") {
    query.services.push_back(value);
  } else if (name == "level" || name == "log.level") {
    const auto level = model::parse_level(value);
    if (level == model::Level::kNone) {
      return fail(
          ErrorKind::kInvalid,
          fmt::format("level: '{}' is none of debug, info, warning, error, fatal", one_line(value, 40)));
    }
    query.min_level = query.min_level ? std::max(*query.min_level, level) : level;
  } else if (name == "trace" || name == "trace.id" || name == "trace_id") {
    query.trace_ids.push_back(value);
  } else if (name == "status") {
    query.fields.emplace_back("status_code", value);
  } else {
    query.fields.emplace_back(name, value);
  }
  return {};
}

}  // namespace

QueryText parse_query_text(std::string_view q) {
  QueryText result;
  for (std::size_t at = 0; at < q.size();) {
    if (q[at] == ' ' || q[at] == '\t') {
      ++at;
      continue;
    }
    std::size_t quoted_from = 0;
    const std::string word = next_word(q, at, quoted_from);
    const auto colon = word.find(':');
    // A colon inside quotes is text.
    const bool term = colon != std::string::npos && colon < quoted_from && colon + 1 < word.size() &&
                      is_name(std::string_view(word).substr(0, colon)) &&
                      word.compare(colon + 1, 2, "//") != 0;
    if (term) {
      result.terms.emplace_back(word.substr(0, colon), word.substr(colon + 1));
    } else if (!word.empty()) {
      result.texts.push_back(word);
    }
  }
  return result;
}

Result<void> add_query_text(telemetry::EventQuery& query, std::string_view q) {
  QueryText parsed = parse_query_text(q);
  std::move(parsed.texts.begin(), parsed.texts.end(), std::back_inserter(query.texts));
  for (const auto& [name, value] : parsed.terms) SENTINEL_TRY(add_term(query, name, value));
  return {};
}

Result<telemetry::EventQuery> read_log_query(const net::Request& request, Time now, Duration length) {
  telemetry::EventQuery query;
  SENTINEL_ASSIGN(query.range, range_parameters(request, now, length));
  const auto text = request.param("q").value_or("");
  if (text.size() > 4 * kLongestText)
    return fail(ErrorKind::kInvalid, fmt::format("parameter q: longer than {} characters", kLongestText));
  if (auto added = add_query_text(query, text); !added) return fail(std::move(added).error(), "parameter q");
  for (auto& service : all_parameters(request, "service")) query.services.push_back(std::move(service));
  for (const auto& pair : all_parameters(request, "where")) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorKind::kInvalid,
                  fmt::format("parameter where: '{}' is not field=value", one_line(pair, 60)));
    }
    query.fields.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  if (query.texts.size() + query.services.size() + query.fields.size() + query.trace_ids.size() > kMostTerms)
    return fail(ErrorKind::kInvalid, fmt::format("more than {} terms", kMostTerms));
  SENTINEL_ASSIGN(const auto level,
                  word_parameter(request, "level", {"debug", "info", "warning", "error", "fatal"}));
  if (level) {
    const auto least = model::parse_level(*level);
    query.min_level = query.min_level ? std::max(*query.min_level, least) : least;
  }
  SENTINEL_ASSIGN(query.failed_only, flag_parameter(request, "failed", false));
  SENTINEL_ASSIGN(const auto kind, word_parameter(request, "kind", {"all", "logs", "spans"}));
  using Kind = telemetry::EventQuery::Kind;
  query.kind = kind == "logs" ? Kind::kLogs : kind == "spans" ? Kind::kSpans : Kind::kAll;
  if (const auto trace = request.param("trace"); trace && !trace->empty())
    query.trace_ids.emplace_back(*trace);
  return query;
}

}  // namespace sentinel::api
