#include "api/rendered.hpp"

#include "api/answer.hpp"

namespace sentinel::api {
namespace {

constexpr auto kLongest = std::chrono::seconds(1);
constexpr std::size_t kMost = 256;  // of them; with ever new filters all are dropped and made again

std::string key_of(const net::Request& request) {
  std::string key = request.path;
  for (const auto& [name, value] : request.query) {
    key += '\n';
    key += name;
    key += '=';
    key += value;
  }
  return key;
}

}  // namespace

net::Response RenderedAnswers::answer(const net::Request& request,
                                      const std::function<Result<std::string>()>& render) {
  const std::string key = key_of(request);
  const auto now = std::chrono::steady_clock::now();
  const std::uint64_t generation = generation_.load(std::memory_order_relaxed);
  std::shared_ptr<const Entry> entry;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(key); found != entries_.end()) entry = found->second;
  }
  if (!entry || entry->generation != generation || now - entry->at > kLongest) {
    auto body = render();
    if (!body) return error_response(body.error());
    std::string tag = tag_of(*body);
    entry = std::make_shared<const Entry>(Entry{generation, now, std::move(*body), std::move(tag)});
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= kMost) entries_.clear();
    entries_[key] = entry;
  }
  return tagged_answer(request, "application/json", entry->body, entry->tag);
}

}  // namespace sentinel::api
