#include "app/analysis/analyst.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "analyze/occasion.hpp"

namespace sentinel::app {
namespace {

constexpr Duration kCircuit = minutes(60);  // nothing is sent for so long after a limit that no waiting heals

Time midnight(Time now) { return align_down(now, hours(24)); }

}  // namespace

struct Analyst::Impl {
  Impl(Deps d, AnalystSettings s) : deps(d), settings(std::move(s)) {}

  void work(const std::stop_token& stop);
  void explain(const std::string& id, const std::stop_token& stop);
  bool take(const model::Incident& incident);  // with the lock held: whether it is worth waiting for
  Result<analyze::Grant> reserve(const model::Incident& incident,
                                 const std::optional<analyze::Before>& before, int stretch,
                                 std::optional<analyze::Question>& question,
                                 std::optional<model::AnalysisRecord>& record);
  void settle(const model::Incident& incident, const Asked& asked, const std::string& why_cheaper);
  void give_up(const std::string& id, const std::string& why);
  void count(const model::AnalysisRecord& record);

  Deps deps;
  AnalystSettings settings;
  std::mutex mutex;
  std::condition_variable_any wake;
  std::condition_variable idle;
  std::map<std::string, analyze::Waiting> waiting;
  std::set<std::string> running;
  std::map<std::string, analyze::Before> told;  // what the last answer was about
  std::mutex budget;                            // one decision and its reservation at a time
  std::optional<Time> circuit_until;
  std::string circuit_why;
  std::set<std::string> told_why;  // incidents that say so already
  std::vector<std::jthread> threads;
};

Analyst::Analyst(Deps deps, AnalystSettings settings)
    : impl_(std::make_unique<Impl>(deps, std::move(settings))) {}
Analyst::~Analyst() { stop(); }

Result<void> Analyst::start() {
  SENTINEL_ASSIGN(impl_->settings.question.redaction.key, redaction_key(impl_->deps.state));
  // A pattern that is no regular expression is told now, not during an outage.
  SENTINEL_TRY(analyze::Redactor::make(impl_->settings.question.redaction));
  SENTINEL_ASSIGN(const auto active, impl_->deps.state.incidents({.active_only = true, .limit = 1000}));
  consider(active.incidents);
  for (int n = 0; n < impl_->settings.concurrency; ++n)
    impl_->threads.emplace_back([this](const std::stop_token& stop) { impl_->work(stop); });
  return {};
}

void Analyst::stop() {
  for (auto& thread : impl_->threads) thread.request_stop();
  impl_->wake.notify_all();
  impl_->threads.clear();
}

void Analyst::consider(std::span<const model::Incident> changed) {
  const std::lock_guard lock(impl_->mutex);
  for (const auto& incident : changed) {
    if (!impl_->running.contains(incident.id)) (void)impl_->take(incident);
  }
  impl_->wake.notify_all();
}

bool Analyst::wait_idle(std::chrono::milliseconds most) {
  std::unique_lock lock(impl_->mutex);
  return impl_->idle.wait_for(lock, most, [&] {
    if (!impl_->running.empty()) return false;
    const Time now = impl_->deps.clock.now();
    if (impl_->circuit_until && now < *impl_->circuit_until) return true;
    return std::none_of(impl_->waiting.begin(), impl_->waiting.end(),
                        [&](const auto& item) { return item.second.not_before <= now; });
  });
}

bool Analyst::Impl::take(const model::Incident& incident) {
  const Time now = deps.clock.now();
  const auto asked = deps.state.analyses({.incident_id = incident.id});
  const auto silences = deps.state.silences();
  if (!asked || !silences) return false;
  const auto wish = analyze::wish_for(incident, *asked, *silences, now);
  if (wish.what == analyze::Wish::What::kNothing) {
    waiting.erase(incident.id);
    return false;
  }
  waiting[incident.id] = {incident.severity, incident.created_at, wish.not_before};
  return true;
}

void Analyst::Impl::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::string id;
    std::string why;  // nothing is sent now
    {
      std::unique_lock lock(mutex);
      const auto pick = [&] {
        const Time now = deps.clock.now();
        const bool open = circuit_until && now < *circuit_until;
        std::vector<std::string> ids;
        std::vector<analyze::Waiting> list;
        for (const auto& [key, item] : waiting) {
          if (open && told_why.contains(key)) continue;
          ids.push_back(key);
          list.push_back(item);
        }
        const auto next = analyze::next_of(list, now);
        if (next) id = ids[*next];
        return next.has_value();
      };
      if (!wake.wait(lock, stop, pick)) return;
      running.insert(id);
      if (circuit_until && deps.clock.now() < *circuit_until) {
        why = circuit_why;
        told_why.insert(id);
      } else {
        waiting.erase(id);
        circuit_until.reset();
        told_why.clear();
      }
    }
    why.empty() ? explain(id, stop) : give_up(id, why);
    const auto now_is = deps.state.incident(id);
    const std::lock_guard lock(mutex);
    running.erase(id);
    // It may have changed meanwhile.
    if (!stop.stop_requested() && now_is && *now_is) (void)take(**now_is);
    idle.notify_all();
  }
}

// The budget's decision, and the record that reserves the money before anything is sent.
Result<analyze::Grant> Analyst::Impl::reserve(const model::Incident& incident,
                                              const std::optional<analyze::Before>& before, int stretch,
                                              std::optional<analyze::Question>& question,
                                              std::optional<model::AnalysisRecord>& record) {
  const std::lock_guard lock(budget);
  const Time now = deps.clock.now();
  const auto& rules = settings.question;
  const std::string marker = random_hex(6);
  SENTINEL_ASSIGN(auto first, analyze::make_question(incident, before, rules, rules.model, marker, stretch));
  std::optional<analyze::Question> second;
  if (!rules.cheaper_model.empty()) {
    SENTINEL_ASSIGN(second,
                    analyze::make_question(incident, before, rules, rules.cheaper_model, marker, stretch));
  }
  analyze::Spent spent;
  SENTINEL_ASSIGN(const auto own, deps.state.analyses({.incident_id = incident.id}));
  SENTINEL_ASSIGN(const auto today, deps.state.analyses({.from = midnight(now)}));
  for (const auto& r : own) spent.incident_usd += r.usd;
  for (const auto& r : today) spent.day_usd += r.usd;
  const bool paid = std::any_of(own.begin(), own.end(), [&](const auto& r) {
    return r.outcome == "answered" && r.fingerprint == first.fingerprint;
  });
  if (paid) return analyze::Grant{analyze::Grant::Choice::kNone, "", ""};
  auto granted = analyze::grant(analyze::offer_of(first),
                                second ? analyze::offer_of(*second) : analyze::Offer{}, spent, rules.budgets);
  auto& chosen = granted.choice == analyze::Grant::Choice::kCheaper ? *second : first;
  record = record_of(chosen, incident, settings.api.provider, now);
  if (granted.choice == analyze::Grant::Choice::kNone) {
    record->outcome = "over_budget";
    record->sent.clear();
    record->usd = 0;
    record->answered_at = now;
    record->note = granted.reason;
  }
  state::Change change;
  change.analyses.push_back(*record);
  SENTINEL_TRY(deps.state.commit(change));
  question = std::move(chosen);
  return granted;
}

void Analyst::Impl::explain(const std::string& id, const std::stop_token& stop) {
  const auto found = deps.state.incident(id);
  if (!found || !*found) return;
  const model::Incident& incident = **found;
  std::optional<analyze::Before> before;
  {
    const std::lock_guard lock(mutex);
    if (const auto known = told.find(id); known != told.end()) before = known->second;
  }
  std::optional<Asked> asked;
  std::string why_cheaper;
  for (int stretch = 1; stretch <= 2; ++stretch) {
    std::optional<analyze::Question> question;
    std::optional<model::AnalysisRecord> record;
    const auto granted = reserve(incident, before, stretch, question, record);
    if (!granted) {
      deps.log.warning("analyzer.failed", {{"incident", id}, {"reason", granted.error().text()}});
      return;
    }
    if (granted->choice == analyze::Grant::Choice::kNone) {
      if (asked) break;  // the first try's end is told
      if (!granted->reason.empty()) {
        count(*record);
        give_up(id, "over budget: " + granted->reason);
      }
      return;
    }
    why_cheaper = granted->choice == analyze::Grant::Choice::kCheaper ? granted->reason : "";
    deps.log.info("analyzer.request", {{"incident", id},
                                       {"model", question->model},
                                       {"anomalies", static_cast<std::int64_t>(incident.anomalies.size())},
                                       {"events", static_cast<std::int64_t>(incident.events.size())},
                                       {"input_tokens", question->input_tokens},
                                       {"update", before.has_value()}});
    asked = ask_about(*question, *record, deps.transport, settings, deps.clock, stop);
    state::Change change;
    change.analyses.push_back(asked->record);
    if (const auto kept = deps.state.commit(change); !kept)
      deps.log.warning("analyzer.record.failed", {{"incident", id}, {"reason", kept.error().text()}});
    count(asked->record);
    // Cut by max_tokens: once more with twice the room.
    if (asked->record.outcome != "truncated") break;
  }
  if (stop.stop_requested() && !asked->analysis) return;
  settle(incident, *asked, why_cheaper);
}

void Analyst::Impl::settle(const model::Incident& incident, const Asked& asked,
                           const std::string& why_cheaper) {
  const Time now = deps.clock.now();
  const auto& record = asked.record;
  if (!asked.analysis) {
    if (record.outcome == "spend_limit" || record.outcome == "unauthorized") {
      const std::lock_guard lock(mutex);
      circuit_until = now + kCircuit;
      circuit_why = "nothing is sent for an hour: " + record.note;
      told_why.insert(incident.id);
      deps.log.warning("analyzer.circuit.open",
                       {{"reason", record.note}, {"until", format_rfc3339(*circuit_until)}});
    }
    return give_up(incident.id, record.note);
  }
  model::Analysis analysis = *asked.analysis;
  if (!why_cheaper.empty())
    analysis.note +=
        fmt::format("{}asked {}: {}", analysis.note.empty() ? "" : "; ", record.model, why_cheaper);
  const auto confidence = analysis.confidence;
  const auto unverified = std::count_if(analysis.claims.begin(), analysis.claims.end(),
                                        [](const auto& claim) { return !claim.is_verified(); });
  const auto claims = analysis.claims.size();
  auto before = analyze::before_of(incident);
  before.root_cause = analysis.root_cause;
  if (const auto done = deps.engine.attach_analysis(incident.id, std::move(analysis), now); !done) {
    deps.log.warning("analyzer.failed", {{"incident", incident.id}, {"reason", done.error().text()}});
    return;
  }
  deps.log.info("analyzer.complete", {{"confidence", model::to_string(confidence)},
                                      {"source", record.model},
                                      {"incident", incident.id},
                                      {"claims", static_cast<std::int64_t>(claims)},
                                      {"unverified", static_cast<std::int64_t>(unverified)},
                                      {"usd", record.usd}});
  const std::lock_guard lock(mutex);
  told[incident.id] = std::move(before);
}

void Analyst::Impl::give_up(const std::string& id, const std::string& why) {
  deps.log.warning("analyzer.failed", {{"incident", id}, {"reason", why}});
  if (const auto noted = deps.engine.note_no_analysis(id, why, deps.clock.now()); !noted)
    deps.log.warning("analyzer.failed", {{"incident", id}, {"reason", noted.error().text()}});
}

void Analyst::Impl::count(const model::AnalysisRecord& record) {
  deps.metrics
      .counter("sentinelops_analyze_questions_total", "Questions to a model, by how they ended.",
               {{"outcome", record.outcome}})
      .add();
  deps.metrics.counter("sentinelops_analyze_usd_total", "Dollars spent on models, by the price table.")
      .add(record.usd);
  deps.metrics.counter("sentinelops_analyze_input_tokens_total", "Tokens sent, cached ones among them.")
      .add(static_cast<double>(record.input_tokens + record.cache_read_tokens + record.cache_write_tokens));
  deps.metrics.counter("sentinelops_analyze_output_tokens_total", "Tokens received.")
      .add(static_cast<double>(record.output_tokens));
}

}  // namespace sentinel::app
