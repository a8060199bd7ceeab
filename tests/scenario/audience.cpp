#include "audience.hpp"

#include <gtest/gtest.h>

#include "notify/channel.hpp"
#include "notify/pump.hpp"

namespace sentinel::scenario {
namespace {

class Notebook final : public notify::Channel {
 public:
  Notebook(std::vector<std::string>& lines, int& heard_of) : lines_(lines), heard_of_(heard_of) {}
  notify::Attempt deliver(const notify::Delivery& delivery, std::stop_token) override {
    std::string kinds;
    for (const auto& event : delivery.events) {
      if (event.kind != "updated") kinds += (kinds.empty() ? "" : "+") + event.kind;
    }
    const auto& incident = delivery.incident;
    if (delivery.memory.empty() && !incident.id.starts_with("SELF-")) ++heard_of_;
    if (incident.id.starts_with("SELF-")) {
      lines_.push_back("notice: " + incident.title);
    } else if (!kinds.empty()) {
      lines_.push_back((incident.services.empty() ? incident.id : incident.services.front()) + ": " + kinds);
    }
    return {.memory = "told"};
  }

 private:
  std::vector<std::string>& lines_;
  int& heard_of_;
};

}  // namespace

struct Audience::Impl {
  std::map<std::string, std::vector<std::string>> told;
  std::map<std::string, int> heard_of;
  std::vector<std::unique_ptr<Notebook>> channels;
  std::vector<std::unique_ptr<notify::Pump>> pumps;
  NullLogger logger;
  NullMetrics metrics;
};

Audience::Audience(state::StateStore& state, const std::vector<notify::ChannelPolicy>& channels)
    : impl_(std::make_unique<Impl>()) {
  for (const auto& channel : channels) {
    impl_->channels.push_back(
        std::make_unique<Notebook>(impl_->told[channel.name], impl_->heard_of[channel.name]));
    impl_->pumps.push_back(std::make_unique<notify::Pump>(
        notify::Pump::Deps{state, *impl_->channels.back(), Log(impl_->logger, "notify"), impl_->metrics},
        channel.name, notify::Rate{100, 100}, 1));
  }
}
Audience::~Audience() = default;

void Audience::listen(Time now) {
  for (const auto& pump : impl_->pumps) EXPECT_TRUE(pump->pump(now));
}
const std::map<std::string, std::vector<std::string>>& Audience::told() const { return impl_->told; }
const std::map<std::string, int>& Audience::heard_of() const { return impl_->heard_of; }

}  // namespace sentinel::scenario
