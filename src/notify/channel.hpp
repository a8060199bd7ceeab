// The port of everything that carries news of incidents to people: one adapter per service, in channels/.
// Every adapter obeys tests/contract/notify.
//
// Legal use: deliver() from one thread at a time. It blocks for the exchanges it needs and ends early when
// asked to stop. It never throws.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/incident.hpp"

namespace sentinel::notify {

struct Delivery {
  const model::Incident& incident;           // as it is now
  std::vector<model::IncidentEvent> events;  // what happened since the last delivery, oldest first
  std::string memory;                        // what the channel kept of this incident; empty: never told
  std::string key;                           // the same for a repeated delivery of the same news
  Time now;
};

struct Attempt {
  enum class Kind : std::uint8_t {
    kDelivered,
    kRetry,   // may succeed later
    kParked,  // will not succeed until a person changes something
  } kind = Kind::kDelivered;
  std::string why;               // for kRetry and kParked: what the other side said
  std::optional<Duration> wait;  // what the other side asked for
  bool whole_channel = false;    // the next message would fare the same
  std::string memory;            // kept, whatever the kind
};

class Channel {
 public:
  virtual ~Channel() = default;
  virtual Attempt deliver(const Delivery& delivery, std::stop_token stop) = 0;
  // Active incidents must be told again so often, or the other side forgets them; none: never.
  virtual std::optional<Duration> refresh_every() const { return std::nullopt; }
};

// What the other side bears: a bucket of `burst` messages that fills with `per_second`.
struct Rate {
  double per_second = 1;
  double burst = 3;
};

}  // namespace sentinel::notify
