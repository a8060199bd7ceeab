// GET /api/incidents and one incident.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "api/answer.hpp"
#include "api/context.hpp"
#include "api/cursor.hpp"
#include "api/parameters.hpp"
#include "api/views.hpp"
#include "model/json.hpp"

namespace sentinel::api {
namespace {

using nlohmann::json;

struct Page {
  state::IncidentQuery query;
  std::optional<Cursor> cursor;
};

Result<Page> read_page(const net::Request& request, Time now) {
  Page page;
  SENTINEL_ASSIGN(page.query.limit, number_parameter(request, "limit", 50, 1, 1000));
  SENTINEL_ASSIGN(page.query.offset, number_parameter(request, "offset", 0, 0, 1'000'000'000));
  const char* name = request.param("status") ? "status" : "state";
  SENTINEL_ASSIGN(const auto status,
                  word_parameter(request, name, {"open", "acknowledged", "resolved", "active"}));
  if (status == "active") {
    page.query.active_only = true;
  } else if (status) {
    page.query.state = model::parse_incident_state(*status);
  }
  SENTINEL_ASSIGN(const auto severity, word_parameter(request, "severity", {"P1", "P2", "P3", "P4"}));
  if (severity) page.query.min_severity = model::parse_severity(*severity);
  if (const auto service = request.param("service")) page.query.service = *service;
  SENTINEL_ASSIGN(page.query.created_from, time_parameter(request, "from", now));
  SENTINEL_ASSIGN(page.query.created_to, time_parameter(request, "to", now));
  if (const auto text = request.param("cursor"); text && !text->empty()) {
    SENTINEL_ASSIGN(page.cursor, parse_cursor(*text).map([](Cursor c) { return std::optional(c); }));
  }
  return page;
}

Result<std::string> render_list(Context& context, const net::Request& request, Time now) {
  SENTINEL_ASSIGN(Page page, read_page(request, now));
  std::uint64_t total = 0;
  if (page.cursor) {
    // The count is that of all pages; the rows go on where the last page ended.
    state::IncidentQuery counted = page.query;
    counted.limit = 1;
    counted.offset = 0;
    SENTINEL_ASSIGN(const auto all, context.state.incidents(counted));
    total = all.total;
    const Time until = page.cursor->time + Duration(1);
    page.query.created_to = std::min(page.query.created_to.value_or(until), until);
    page.query.offset = page.cursor->same;
  }
  const std::size_t limit = page.query.limit;
  ++page.query.limit;  // one more tells whether there is a next page
  SENTINEL_ASSIGN(auto found, context.state.incidents(page.query));
  if (!page.cursor) total = found.total;
  const bool more = found.incidents.size() > limit;
  if (more) found.incidents.pop_back();
  SENTINEL_ASSIGN(const auto silences, context.state.silences());
  json rows = json::array();
  for (const auto& incident : found.incidents) rows.push_back(incident_row(incident, silences, now));
  json next;
  if (more) {
    const Time last = found.incidents.back().created_at;
    std::size_t same = page.cursor && page.cursor->time == last ? page.cursor->same : 0;
    for (const auto& incident : found.incidents) same += incident.created_at == last ? 1U : 0U;
    next = to_text(Cursor{last, same});
  }
  return dump({{"total", total}, {"incidents", std::move(rows)}, {"next_cursor", std::move(next)}});
}

Result<std::string> render_one(Context& context, const std::string& id, Time now) {
  return read_incident(context.state, id, now).map([](const json& body) { return dump(body); });
}

}  // namespace

void add_incident_routes(Router& router, Context& context) {
  router.get("/api/incidents", [&context](const Call& call) {
    return context.rendered.answer(call.request, RenderedAnswers::Shows::kCommits,
                                   [&] { return render_list(context, call.request, call.now); });
  });
  router.get("/api/incidents/{id}", [&context](const Call& call) {
    return context.rendered.answer(call.request, RenderedAnswers::Shows::kCommits, [&] {
      return render_one(context, call.request.captures.front(), call.now);
    });
  });
}

}  // namespace sentinel::api
