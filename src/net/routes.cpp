#include "net/routes.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace sentinel::net {
namespace {

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  for (const auto part : split(path, '/')) {
    if (!part.empty()) segments.emplace_back(part);
  }
  return segments;
}

// How well a pattern fits, one digit a segment (2 literal, 1 "*", 0 "**"); empty when it does not.
std::optional<std::string> fit(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
                               std::vector<std::string>& captures) {
  std::string quality;
  captures.clear();
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (i >= path.size()) return std::nullopt;
    if (pattern[i] == "**") {
      std::string rest;
      for (std::size_t j = i; j < path.size(); ++j) rest += (j > i ? "/" : "") + path[j];
      captures.push_back(std::move(rest));
      return quality + "0";
    }
    if (pattern[i] == "*") {
      captures.push_back(path[i]);
      quality += '1';
    } else if (pattern[i] == path[i]) {
      quality += '2';
    } else {
      return std::nullopt;
    }
  }
  if (path.size() != pattern.size()) return std::nullopt;
  return quality;
}

}  // namespace

void Routes::add(std::string_view methods, std::string_view pattern, Handler handler) {
  Route route{segments_of(pattern), {}, std::move(handler)};
  for (const auto method : split(methods, '|')) route.methods.emplace_back(method);
  routes_.push_back(std::move(route));
}

Routes::Match Routes::find(std::string_view method, std::string_view path) const {
  const auto segments = segments_of(path);
  Match match;
  std::string best;
  bool path_known = false;
  std::vector<std::string> captures;
  for (const Route& route : routes_) {
    const auto quality = fit(route.segments, segments, captures);
    if (!quality) continue;
    path_known = true;
    const bool serves = std::any_of(route.methods.begin(), route.methods.end(), [&](const std::string& m) {
      return m == method || (method == "HEAD" && m == "GET");
    });
    for (const auto& m : route.methods) {
      if (std::find(match.allowed.begin(), match.allowed.end(), m) == match.allowed.end())
        match.allowed.push_back(m);
    }
    if (!serves || (match.handler != nullptr && *quality <= best)) continue;
    best = *quality;
    match.handler = &route.handler;
    match.captures = captures;
  }
  if (match.handler != nullptr || !path_known) match.allowed.clear();
  return match;
}

}  // namespace sentinel::net
