// From configuration and environment to the analyst's settings.
#pragma once

#include <string>

#include "app/analysis/analyst.hpp"
#include "app/config.hpp"

namespace sentinel::app {

AnalystSettings analyst_settings(const Config& config, const Environment& environment);
// Why no model is ever asked; empty when one may be.
std::string no_model_because(const Config& config, const Environment& environment);

}  // namespace sentinel::app
