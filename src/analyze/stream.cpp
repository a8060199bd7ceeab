#include "analyze/stream.hpp"

#include <map>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace sentinel::analyze {

using nlohmann::json;

struct MessageStream::Impl {
  std::string raw;
  std::string line;
  std::string data;  // of the event that is coming
  json message = json::object();
  std::map<int, json> blocks;
  bool stopped = false;
  std::string error;

  void end_of_line() {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) {
      if (!data.empty()) event(json::parse(data, nullptr, false));
      data.clear();
    } else if (line.starts_with("data:")) {
      data += trim(std::string_view(line).substr(5));
    }
    line.clear();
  }

  static std::string word(const json& object, const char* name) {
    const auto it = object.find(name);
    return it != object.end() && it->is_string() ? it->get<std::string>() : "";
  }

  // The kind stands in the data too, so the `event:` lines are not needed.
  void event(const json& e) {
    if (!e.is_object()) return;
    const std::string type = word(e, "type");
    if (type == "error") error = e.dump();
    if (type == "message_stop") stopped = true;
    if (type == "message_start" && e.contains("message") && e["message"].is_object()) message = e["message"];
    if (type == "message_delta") {
      // usage is cumulative: the newest number of each kind holds.
      if (e.contains("delta") && e["delta"].is_object()) message.update(e["delta"]);
      if (e.contains("usage") && e["usage"].is_object()) {
        if (!message.contains("usage") || !message["usage"].is_object()) message["usage"] = json::object();
        message["usage"].update(e["usage"]);
      }
    }
    if (!e.contains("index") || !e["index"].is_number_integer()) return;
    const int index = e["index"].get<int>();
    if (type == "content_block_start" && e.contains("content_block") && e["content_block"].is_object())
      blocks[index] = e["content_block"];
    if (type == "content_block_delta" && e.contains("delta") && e["delta"].is_object() &&
        word(e["delta"], "type") == "text_delta") {
      json& block = blocks[index];
      if (!block.is_object()) block = {{"type", "text"}};
      block["text"] = word(block, "text") + word(e["delta"], "text");
    }
  }
};

MessageStream::MessageStream() : impl_(std::make_unique<Impl>()) {}
MessageStream::~MessageStream() = default;
MessageStream::MessageStream(MessageStream&&) noexcept = default;

void MessageStream::add(std::string_view bytes) {
  constexpr std::size_t kMost = 8U << 20;
  if (impl_->raw.size() + bytes.size() > kMost) return;
  impl_->raw += bytes;
  for (const char c : bytes) {
    if (c == '\n') {
      impl_->end_of_line();
    } else {
      impl_->line += c;
    }
  }
}

std::optional<std::string> MessageStream::message() const {
  if (!impl_->stopped || !impl_->error.empty()) return std::nullopt;
  json whole = impl_->message;
  whole["content"] = json::array();
  for (const auto& [index, block] : impl_->blocks) whole["content"].push_back(block);
  return whole.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<std::string> MessageStream::error() const {
  return impl_->error.empty() ? std::nullopt : std::optional(impl_->error);
}

const std::string& MessageStream::raw() const { return impl_->raw; }

}  // namespace sentinel::analyze
