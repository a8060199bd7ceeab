#include <nlohmann/json.hpp>

#include "api/api.hpp"
#include "api/parameters.hpp"
#include "model/json.hpp"

namespace sentinel::api {

net::Response Api::explain(const net::Request& request) const {
  if (!deps_.explain) return error_response(404, "this server cannot explain");
  const auto at = time_parameter(request, "at", deps_.clock.now());
  if (!at) return error_response(at.error());
  const auto found = deps_.explain(request.captures.front(), *at);
  if (!found) return error_response(found.error());
  return net::Response::json(
      200, model::to_json(*found).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace sentinel::api
