// Puts the Messages API's event stream together to the message that a plain request would have got.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sentinel::analyze {

class MessageStream {
 public:
  MessageStream();
  ~MessageStream();
  MessageStream(MessageStream&&) noexcept;

  void add(std::string_view bytes);  // any pieces; unknown events are ignored
  // The message as JSON text, once message_stop has come.
  std::optional<std::string> message() const;
  // The body of an `error` event that came instead.
  std::optional<std::string> error() const;
  const std::string& raw() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentinel::analyze
