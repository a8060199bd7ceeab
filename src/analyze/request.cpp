#include <nlohmann/json.hpp>

#include "analyze/api.hpp"

namespace sentinel::analyze {

using ordered = nlohmann::ordered_json;

bool is_streamed(int max_tokens) { return max_tokens > 16'000; }

std::string request_body(ApiSettings::Provider provider, const RequestParts& parts) {
  const ordered schema = ordered::parse(parts.schema, nullptr, false);
  ordered body;
  body["model"] = parts.model;
  if (provider == ApiSettings::Provider::kAnthropic) {
    body["max_tokens"] = parts.max_tokens;
    body["system"] = ordered::array(
        {{{"type", "text"}, {"text", parts.instructions}, {"cache_control", {{"type", "ephemeral"}}}}});
    body["output_config"]["format"] = {{"type", "json_schema"}, {"schema", schema}};
    if (parts.effort) body["output_config"]["effort"] = "low";
    body["messages"] = ordered::array({{{"role", "user"}, {"content", parts.message}}});
    if (is_streamed(parts.max_tokens)) body["stream"] = true;
  } else {
    body["max_tokens"] = parts.max_tokens;
    body["response_format"] = {{"type", "json_schema"},
                               {"json_schema", {{"name", "analysis"}, {"strict", true}, {"schema", schema}}}};
    body["messages"] = ordered::array({{{"role", "system"}, {"content", parts.instructions}},
                                       {{"role", "user"}, {"content", parts.message}}});
  }
  return body.dump(-1, ' ', false, ordered::error_handler_t::replace);
}

}  // namespace sentinel::analyze
