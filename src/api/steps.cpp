#include "api/steps.hpp"

#include <numeric>

namespace sentinel::api {

Duration step_for(const model::TimeRange& range, Duration slice, std::size_t most) {
  const Duration hour = hours(1);
  for (const int count : {1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60}) {
    const Duration step = minutes(count);
    if (step % slice == Duration::zero() && range.length() <= step * static_cast<std::int64_t>(most))
      return step;
  }
  const auto per_step = hour * static_cast<std::int64_t>(most);
  return hour * ((range.length() + per_step - Duration(1)) / per_step);
}

Duration store_step(Duration step) {
  const Duration hour = hours(1);
  return Duration(std::gcd(step.count(), hour.count()));
}

}  // namespace sentinel::api
