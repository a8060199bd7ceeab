// One request being received and answered on libmicrohttpd: where the server's threads and whoever answers
// meet.
#pragma once

#include <microhttpd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/inflate.hpp"
#include "net/server.hpp"

namespace sentinel::net {

// Bytes for a streamed body. push() may come from any thread; the server's thread reads and sleeps
// (suspended) when there is nothing.
class ByteStream final : public Stream {
 public:
  ByteStream(MHD_Connection* connection, std::size_t limit) : connection_(connection), limit_(limit) {}
  bool push(std::string_view bytes) override;
  void close() override;
  ssize_t read(char* into, std::size_t room);  // server thread
  void gone();                                 // the client has left, or the server ends

 private:
  void wake();  // with the lock held
  std::mutex mutex_;
  MHD_Connection* connection_;
  std::size_t limit_;
  std::string waiting_;
  bool suspended_ = false;
  bool closed_ = false;
  bool gone_ = false;
};

// Legal order: body pieces, then the handler, then answer() once from any thread, then queue() on the server
// thread.
class Exchange {
 public:
  explicit Exchange(MHD_Connection* connection) : connection_(connection) {}

  // --- server thread
  // Called after the handler returned without an answer: the connection sleeps until answer(). False when the
  // answer came meanwhile and can be queued at once.
  bool suspend_unless_answered();
  std::optional<Response> take_answer();
  std::shared_ptr<ByteStream> stream() const;
  void closed();  // the connection is gone; later answers go nowhere

  // --- any thread
  bool answer(Response response);  // false when there was one already
  std::shared_ptr<Stream> answer_stream(Response head, std::size_t limit);
  void close_stream();  // when it has one

  // Owned by the server thread until the handler runs.
  Request request;
  PaddedBuffer body;
  std::size_t capacity = 0;
  std::size_t reserved = 0;  // of the server's budget for bodies
  int refusal = 0;           // status that ends this request once its body was read, 0 for none
  std::string refusal_text;
  bool handled = false;
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();

 private:
  mutable std::mutex mutex_;
  MHD_Connection* connection_;
  std::optional<Response> response_;
  std::shared_ptr<ByteStream> stream_;
  bool answered_ = false;
  bool suspended_ = false;
};

}  // namespace sentinel::net
