#include "app/analysis/setup.hpp"

namespace sentinel::app {

AnalystSettings analyst_settings(const Config& config, const Environment& environment) {
  const auto& a = config.analyzer;
  AnalystSettings s;
  const bool openai = a.provider == "openai";
  s.api.provider =
      openai ? analyze::ApiSettings::Provider::kOpenAi : analyze::ApiSettings::Provider::kAnthropic;
  if (!a.base_url.empty()) {
    s.api.base_url = a.base_url;
  } else if (!openai && environment.has("ANTHROPIC_BASE_URL")) {
    s.api.base_url = environment.get("ANTHROPIC_BASE_URL");
  } else if (openai) {
    s.api.base_url.clear();
  }
  s.api.version = a.api_version;
  s.api.key = environment.get(openai ? "OPENAI_API_KEY" : "ANTHROPIC_API_KEY");
  if (!openai) s.api.bearer = environment.get("ANTHROPIC_AUTH_TOKEN");
  s.api.retry.deadline = seconds(a.timeout_seconds);
  s.concurrency = a.concurrency;
  auto& q = s.question;
  q.provider = s.api.provider;
  q.model = a.model;
  // The default of the other provider is no model of this one.
  q.cheaper_model = openai && a.cheaper_model.starts_with("claude-") ? "" : a.cheaper_model;
  q.max_tokens = a.max_tokens;
  q.price = {a.input_usd_per_mtok, a.output_usd_per_mtok};
  q.budgets = {a.incident_budget_usd, a.daily_budget_usd, a.max_input_tokens};
  q.redaction.patterns = a.redact_patterns;
  q.redaction.user_id_fields = a.user_id_fields;
  q.redact_names = a.redact_names;
  return s;
}

std::string no_model_because(const Config& config, const Environment& environment) {
  if (!config.analyzer.enabled) return "analyzer.enabled is false";
  const auto settings = analyst_settings(config, environment);
  if (settings.api.base_url.empty()) return "analyzer.provider openai needs analyzer.base_url";
  return analyze::unusable_because(settings.api);
}

}  // namespace sentinel::app
