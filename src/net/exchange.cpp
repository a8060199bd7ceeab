#include "net/exchange.hpp"

#include <algorithm>
#include <cstring>

namespace sentinel::net {

void ByteStream::wake() {
  if (suspended_ && connection_ != nullptr) {
    suspended_ = false;
    MHD_resume_connection(connection_);
  }
}

bool ByteStream::push(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (closed_ || gone_) return false;
  if (waiting_.size() + bytes.size() > limit_) {
    // Too slow: what it has not read is lost to it, so the stream ends and the client asks anew.
    closed_ = true;
    wake();
    return false;
  }
  waiting_ += bytes;
  wake();
  return true;
}

void ByteStream::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  wake();
}

void ByteStream::gone() {
  const std::lock_guard lock(mutex_);
  gone_ = true;
  connection_ = nullptr;
}

ssize_t ByteStream::read(char* into, std::size_t room) {
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty()) {
    const std::size_t n = std::min(room, waiting_.size());
    std::memcpy(into, waiting_.data(), n);
    waiting_.erase(0, n);
    return static_cast<ssize_t>(n);
  }
  if (closed_ || connection_ == nullptr) return MHD_CONTENT_READER_END_OF_STREAM;
  suspended_ = true;
  MHD_suspend_connection(connection_);
  return 0;
}

bool Exchange::suspend_unless_answered() {
  const std::lock_guard lock(mutex_);
  if (response_) return false;
  suspended_ = true;
  MHD_suspend_connection(connection_);
  return true;
}

std::optional<Response> Exchange::take_answer() {
  const std::lock_guard lock(mutex_);
  return std::exchange(response_, std::nullopt);
}

std::shared_ptr<ByteStream> Exchange::stream() const {
  const std::lock_guard lock(mutex_);
  return stream_;
}

void Exchange::close_stream() {
  if (const auto open = stream()) open->close();
}

void Exchange::closed() {
  const std::lock_guard lock(mutex_);
  connection_ = nullptr;
  suspended_ = false;
  answered_ = true;
  if (stream_) stream_->gone();
}

bool Exchange::answer(Response response) {
  const std::lock_guard lock(mutex_);
  if (answered_) return false;
  answered_ = true;
  response_ = std::move(response);
  if (suspended_ && connection_ != nullptr) {
    suspended_ = false;
    MHD_resume_connection(connection_);
  }
  return true;
}

std::shared_ptr<Stream> Exchange::answer_stream(Response head, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  auto stream = std::make_shared<ByteStream>(connection_, limit);
  if (answered_) {
    stream->gone();
    return stream;
  }
  answered_ = true;
  stream_ = stream;
  response_ = std::move(head);
  if (suspended_ && connection_ != nullptr) {
    suspended_ = false;
    MHD_resume_connection(connection_);
  }
  return stream;
}

}  // namespace sentinel::net
