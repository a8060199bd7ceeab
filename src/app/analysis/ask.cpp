// One question from start to end, without threads.
#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <random>

#include "app/analysis/analyst.hpp"
#include "base/hash.hpp"

namespace sentinel::app {
namespace {

constexpr const char* kKeyBlob = "analysis_key";

// Waits without a poll; false when stopped.
bool pause(Duration wait, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  return !wake.wait_for(lock, stop, wait, [] { return false; }) && !stop.stop_requested();
}

}  // namespace

std::string random_hex(int bytes) {
  std::random_device device;  // the operating system's
  std::string text;
  for (int i = 0; i < bytes; ++i) text += hex(device() & 0xFFU, 2);
  return text;
}

Result<std::string> redaction_key(state::StateStore& state) {
  SENTINEL_ASSIGN(const auto known, state.blob(kKeyBlob));
  if (known && !known->empty()) return *known;
  const std::string made = random_hex(32);
  state::Change change;
  change.blobs.emplace_back(kKeyBlob, made);
  SENTINEL_TRY(state.commit(change));
  return made;
}

model::AnalysisRecord record_of(const analyze::Question& question, const model::Incident& incident,
                                analyze::ApiSettings::Provider provider, Time now) {
  model::AnalysisRecord record;
  record.id = "an-" + random_hex(8);
  record.incident_id = incident.id;
  record.asked_at = now;
  record.provider = provider == analyze::ApiSettings::Provider::kAnthropic ? "anthropic" : "openai";
  record.model = question.model;
  record.outcome = "asked";
  record.occasion = analyze::occasion_of(incident);
  record.fingerprint = question.fingerprint;
  record.sent = question.body;
  record.estimated_usd = question.most_usd;
  record.usd = question.most_usd;
  return record;
}

Asked ask_about(const analyze::Question& question, model::AnalysisRecord started, net::Transport& transport,
                const AnalystSettings& settings, const Clock& clock, std::stop_token stop) {
  Asked asked{std::move(started), std::nullopt};
  Rng rng(std::random_device{}());
  const net::RetryTime time{[&] { return clock.now(); }, [&](Duration wait) { return pause(wait, stop); }};
  analyze::Reply reply = analyze::ask(transport, settings.api, question.body, rng, time, stop);
  auto& record = asked.record;
  record.received = std::move(reply.received);
  if (reply.outcome == analyze::Outcome::kAnswered) {
    auto answer = analyze::read_answer(reply.text);
    if (answer) {
      asked.analysis = analyze::judge(*answer, question.context, question.redactor, question.model);
    } else {
      reply.outcome = analyze::Outcome::kMalformed;
      reply.why = answer.error().message;
    }
  }
  record.answered_at = clock.now();
  record.outcome = std::string(analyze::to_string(reply.outcome));
  record.note = reply.why;
  if (!reply.request_id.empty())
    record.note += fmt::format("{}request {}", record.note.empty() ? "" : "; ", reply.request_id);
  record.input_tokens = reply.use.input;
  record.cache_write_tokens = reply.use.cache_write;
  record.cache_read_tokens = reply.use.cache_read;
  record.output_tokens = reply.use.output;
  if (reply.counted) {
    const bool free = question.most_usd == 0;
    record.usd = free ? 0
                      : analyze::price_usd(analyze::facts_or_careful(question.model), reply.use,
                                           settings.question.price);
  } else if (reply.outcome != analyze::Outcome::kTimeout && reply.outcome != analyze::Outcome::kStopped) {
    record.usd = 0;  // errors are not charged; what was cut off may be, and stays at its estimate
  }
  return asked;
}

}  // namespace sentinel::app
