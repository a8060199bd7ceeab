// How long the steps of a chart are: whole minutes, and such that not too many are needed.
#pragma once

#include "base/time.hpp"
#include "model/slice.hpp"

namespace sentinel::api {

// The shortest step, a whole multiple of `slice`, that divides an hour or is whole hours and cuts `range`
// into at most `most` pieces.
Duration step_for(const model::TimeRange& range, Duration slice, std::size_t most);
// What a store is asked in: the step itself when it divides an hour, an hour for whole hours, else the
// longest length that divides both. The answers are added up.
Duration store_step(Duration step);

}  // namespace sentinel::api
