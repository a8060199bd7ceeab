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

net::Response RenderedAnswers::answer(const net::Request& request, Shows shows,
                                      const std::function<Result<std::string>()>& render) {
  const std::string key = key_of(request);
  const auto now = std::chrono::steady_clock::now();
  const std::uint64_t commits = commits_.load(std::memory_order_relaxed);
  const std::uint64_t ticks = shows == Shows::kTicks ? ticks_.load(std::memory_order_relaxed) : 0;
  std::shared_ptr<const Entry> entry;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(key); found != entries_.end()) entry = found->second;
  }
  const bool is_true = entry && entry->commits == commits && entry->ticks == ticks;
  const bool is_old = is_true && now - entry->at > kLongest;
  if (!is_true || (is_old && !entry->is_renewed.exchange(true))) {
    // However it ends, the next one may try; once there is a new answer nobody looks at this one any more.
    struct Leave {
      std::shared_ptr<const Entry> entry;
      ~Leave() {
        if (entry) entry->is_renewed = false;
      }
    } const leave{is_old ? entry : nullptr};
    auto body = render();
    if (!body) return error_response(body.error());
    std::string tag = tag_of(*body);
    auto fresh = std::make_shared<Entry>();
    fresh->commits = commits;
    fresh->ticks = ticks;
    fresh->at = now;
    fresh->body = std::move(*body);
    fresh->tag = std::move(tag);
    entry = std::move(fresh);
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= kMost) entries_.clear();
    entries_[key] = entry;
  }
  return tagged_answer(request, "application/json", entry->body, entry->tag);
}

}  // namespace sentinel::api
