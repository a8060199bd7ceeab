#include "analyze/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "analyze/stream.hpp"
#include "base/text.hpp"

namespace sentinel::analyze {
namespace {

using nlohmann::json;

json object_at(const json& parent, const char* name) {
  if (!parent.is_object()) return json::object();
  const auto it = parent.find(name);
  return it != parent.end() && it->is_object() ? *it : json::object();
}
std::string text_at(const json& parent, const char* name) {
  if (!parent.is_object()) return "";
  const auto it = parent.find(name);
  return it != parent.end() && it->is_string() ? it->get<std::string>() : "";
}
std::int64_t count_at(const json& parent, const char* name) {
  const auto it = parent.find(name);
  return it != parent.end() && it->is_number_integer() ? std::max<std::int64_t>(0, it->get<std::int64_t>())
                                                       : 0;
}

Reply ended(Outcome outcome, std::string why) {
  Reply reply;
  reply.outcome = outcome;
  reply.why = std::move(why);
  return reply;
}

// {type:"error", error:{type, message}}; of other servers at least the message.
struct ApiError {
  std::string type;
  std::string message;
};
ApiError error_of(const std::string& body) {
  const json parsed = json::parse(body, nullptr, false);
  const json error = object_at(parsed, "error");
  return {text_at(error, "type"), one_line(text_at(error, "message"), 200)};
}

// A limit that no waiting of ours heals: it is about money, or it names no time.
bool is_spend_limit(const net::ClientResponse& response, const ApiError& error) {
  if (response.status == 402 || error.type == "billing_error") return true;
  if (response.status != 429) return false;
  const std::string message = to_lower(error.message);
  for (const std::string_view word : {"spend", "usage limit", "credit", "billing", "budget"}) {
    if (message.find(word) != std::string::npos) return true;
  }
  return false;
}

// The status that an error event inside a stream of status 200 would have had.
int status_of(const std::string& type) {
  constexpr std::array<std::pair<std::string_view, int>, 9> kStatus = {{{"overloaded_error", 529},
                                                                        {"rate_limit_error", 429},
                                                                        {"api_error", 500},
                                                                        {"timeout_error", 504},
                                                                        {"invalid_request_error", 400},
                                                                        {"authentication_error", 401},
                                                                        {"billing_error", 402},
                                                                        {"permission_error", 403},
                                                                        {"not_found_error", 404}}};
  for (const auto& [name, status] : kStatus) {
    if (name == type) return status;
  }
  return 500;
}

// One attempt as the retry loop sees it: stoppable, a stream put together to the answer it stands for.
class Attempt final : public net::Transport {
 public:
  Attempt(net::Transport& inner, std::stop_token stop) : inner_(inner), stop_(std::move(stop)) {}

  Result<net::ClientResponse> send(const net::ClientRequest& request, std::stop_token) override {
    if (request.body.find("\"stream\":true") == std::string::npos) return inner_.send(request, stop_);
    MessageStream stream;
    net::ClientRequest streamed = request;
    streamed.on_data = [&](std::string_view bytes) {
      stream.add(bytes);
      return !stop_.stop_requested();
    };
    auto response = inner_.send(streamed, stop_);
    raw = stream.raw();
    if (!response) return response;
    if (stop_.stop_requested()) return fail(ErrorKind::kUnavailable, "stopped");
    if (response->status != 200) {
      response->body = stream.raw();
    } else if (const auto error = stream.error()) {
      response->status = status_of(error_of(*error).type);
      response->body = *error;
    } else if (const auto message = stream.message()) {
      response->body = *message;
    } else {
      return fail(ErrorKind::kUnavailable, "the stream ended before the answer was complete");
    }
    return response;
  }

  std::string raw;  // of the last streamed attempt

 private:
  net::Transport& inner_;
  std::stop_token stop_;
};

Reply failed_reply(const Error& error, bool stopped) {
  if (stopped) return ended(Outcome::kStopped, "stopped");
  if (error.kind == ErrorKind::kTimeout) return ended(Outcome::kTimeout, "no answer in time");
  return ended(error.kind == ErrorKind::kInvalid ? Outcome::kInvalid : Outcome::kUnreachable,
               one_line(error.text(), 200));
}

Reply error_reply(const net::ClientResponse& response) {
  const ApiError error = error_of(response.body);
  const std::string said = error.message.empty() ? "" : ": " + error.message;
  const int status = response.status;
  if (is_spend_limit(response, error)) return ended(Outcome::kSpendLimit, "the account's spend limit" + said);
  if (status == 401 || status == 403)
    return ended(Outcome::kUnauthorized, fmt::format("the API refuses the key ({}{})", status, said));
  if (status == 429) return ended(Outcome::kRateLimited, "the API's rate limit" + said);
  if (status == 529 || status == 503)
    return ended(Outcome::kOverloaded, fmt::format("the API is overloaded ({})", status));
  if (status == 413) return ended(Outcome::kTooLong, "the question is too large for the API");
  if (status == 408 || status == 504)
    return ended(Outcome::kTimeout, fmt::format("the API timed out ({})", status));
  if (status == 404) return ended(Outcome::kInvalid, "the API does not know the model or the address" + said);
  if (status >= 500) return ended(Outcome::kServerError, fmt::format("the API failed ({}{})", status, said));
  return ended(Outcome::kInvalid, fmt::format("the API refuses the request ({}{})", status, said));
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  constexpr std::array<std::string_view, 14> kWords = {
      "answered",    "refused",      "truncated", "too_long",     "malformed", "overloaded",  "rate_limited",
      "spend_limit", "unauthorized", "invalid",   "server_error", "timeout",   "unreachable", "stopped"};
  return kWords[static_cast<std::size_t>(outcome)];
}

bool may_heal(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOverloaded:
    case Outcome::kRateLimited:
    case Outcome::kServerError:
    case Outcome::kTimeout:
    case Outcome::kUnreachable:
    case Outcome::kStopped:
    case Outcome::kSpendLimit:
    case Outcome::kUnauthorized:
      return true;
    default:
      return false;
  }
}

bool concerns_all(Outcome outcome) {
  return outcome == Outcome::kSpendLimit || outcome == Outcome::kUnauthorized;
}

std::string unusable_because(const ApiSettings& settings) {
  if (settings.provider == ApiSettings::Provider::kOpenAi) return "";
  if (settings.key.empty() && settings.bearer.empty()) return "no API key";
  if (!settings.key.empty() && !settings.bearer.empty())
    return "ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN are both set, the API takes one";
  return "";
}

Reply read_message(std::string_view body) {
  const json message = json::parse(body, nullptr, false);
  if (!message.is_object()) return ended(Outcome::kMalformed, "the answer is no JSON");
  Reply reply;
  const json usage = object_at(message, "usage");
  reply.counted = usage.contains("output_tokens");
  reply.use = {count_at(usage, "input_tokens"), count_at(usage, "cache_creation_input_tokens"),
               count_at(usage, "cache_read_input_tokens"), count_at(usage, "output_tokens")};
  const auto content = message.find("content");
  if (content != message.end() && content->is_array()) {
    for (const auto& block : *content) {
      if (text_at(block, "type") == "text") reply.text += text_at(block, "text");
    }
  }
  const auto end = [&](Outcome outcome, std::string why) {
    reply.outcome = outcome;
    reply.why = std::move(why);
    reply.text.clear();
    return reply;
  };
  const std::string reason = text_at(message, "stop_reason");
  if (reason == "refusal") {
    const std::string category = text_at(object_at(message, "stop_details"), "category");
    return end(Outcome::kRefused,
               "the model declined" + (category.empty() ? "" : " (" + one_line(category, 40) + ")"));
  }
  if (reason == "max_tokens") return end(Outcome::kTruncated, "the answer did not fit into max_tokens");
  if (reason == "model_context_window_exceeded")
    return end(Outcome::kTooLong, "the question exceeds the model's context window");
  if (reply.text.empty()) return end(Outcome::kMalformed, "the answer holds no text");
  reply.outcome = Outcome::kAnswered;
  return reply;
}

Reply read_chat(std::string_view body) {
  const json message = json::parse(body, nullptr, false);
  if (!message.is_object()) return ended(Outcome::kMalformed, "the answer is no JSON");
  Reply reply;
  const json usage = object_at(message, "usage");
  reply.counted = usage.contains("completion_tokens");
  reply.use.input = count_at(usage, "prompt_tokens");
  reply.use.output = count_at(usage, "completion_tokens");
  const auto end = [&](Outcome outcome, std::string why) {
    reply.outcome = outcome;
    reply.why = std::move(why);
    reply.text.clear();
    return reply;
  };
  const auto choices = message.find("choices");
  if (choices == message.end() || !choices->is_array() || choices->empty())
    return end(Outcome::kMalformed, "the answer holds no choice");
  const json& choice = choices->front();
  const std::string reason = text_at(choice, "finish_reason");
  reply.text = text_at(object_at(choice, "message"), "content");
  if (reason == "content_filter" || !text_at(object_at(choice, "message"), "refusal").empty())
    return end(Outcome::kRefused, "the model declined");
  if (reason == "length") return end(Outcome::kTruncated, "the answer did not fit into max_tokens");
  if (reply.text.empty()) return end(Outcome::kMalformed, "the answer holds no text");
  reply.outcome = Outcome::kAnswered;
  return reply;
}

net::RetryVerdict classify(const Result<net::ClientResponse>& outcome) {
  if (!outcome) return {outcome.error().is_transient(), std::nullopt, outcome.error().text()};
  const auto& response = *outcome;
  const int status = response.status;
  net::RetryVerdict verdict;
  verdict.why = fmt::format("status {}", status);
  verdict.retry = status == 408 || status == 409 || status == 429 || status >= 500;
  if (const auto should = response.headers.get("x-should-retry"); should && status != 200)
    verdict.retry = verdict.retry ? !iequals(trim(*should), "false") : iequals(trim(*should), "true");
  // No waiting helps, whatever else the answer says.
  if (status != 200 && is_spend_limit(response, error_of(response.body))) verdict.retry = false;
  const auto number = [&](const char* name) -> std::optional<double> {
    const auto text = response.headers.get(name);
    if (!text) return std::nullopt;
    double value = 0;
    const auto word = trim(*text);
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || !(value >= 0) || value > 86400e3)
      return std::nullopt;
    return value;
  };
  if (const auto ms = number("retry-after-ms")) {
    verdict.wait = Duration(static_cast<std::int64_t>(*ms * 1e3));
  } else if (const auto s = number("retry-after")) {
    verdict.wait = Duration(static_cast<std::int64_t>(*s * 1e6));
  }
  return verdict;
}

Reply ask(net::Transport& transport, const ApiSettings& settings, const std::string& body, Rng& rng,
          const net::RetryTime& time, std::stop_token stop) {
  const bool anthropic = settings.provider == ApiSettings::Provider::kAnthropic;
  std::string base = settings.base_url;
  while (base.ends_with('/')) base.pop_back();
  if (base.ends_with("/v1")) base.resize(base.size() - 3);
  net::ClientRequest request;
  request.method = "POST";
  request.url = base + (anthropic ? "/v1/messages" : "/v1/chat/completions");
  request.headers.add("content-type", "application/json");
  if (anthropic) request.headers.add("anthropic-version", settings.version);
  if (!settings.key.empty() && anthropic) {
    request.headers.add("x-api-key", settings.key);
  } else if (const auto& token = settings.bearer.empty() ? settings.key : settings.bearer; !token.empty()) {
    request.headers.add("authorization", "Bearer " + token);
  }
  request.body = body;
  request.timeout = settings.retry.deadline;
  request.max_response = 8U << 20;
  Attempt attempt(transport, stop);
  const auto response =
      net::send_with_retry(attempt, std::move(request), settings.retry, classify, rng, time);
  Reply reply;
  if (!response) {
    reply = failed_reply(response.error(), stop.stop_requested());
    reply.received = attempt.raw;
    return reply;
  }
  if (response->status == 200) {
    reply = anthropic ? read_message(response->body) : read_chat(response->body);
  } else {
    reply = error_reply(*response);
  }
  reply.received = attempt.raw.empty() ? response->body : attempt.raw;
  if (const auto id = response->headers.get("request-id")) reply.request_id = one_line(*id, 80);
  return reply;
}

}  // namespace sentinel::analyze
