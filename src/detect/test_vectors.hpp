// For the tests of this room: the file of test vectors (tests run in the project's root folder).
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>

namespace sentinel::detect {

// By value: a loop over read_vectors("x")["rows"] would outlive it, so keep it in a variable first.
inline nlohmann::json read_vectors(const char* section) {
  std::ifstream in("tests/data/detection_vectors.json");
  return nlohmann::json::parse(in)[section];
}

}  // namespace sentinel::detect
