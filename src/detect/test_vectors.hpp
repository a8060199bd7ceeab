// For the tests of this room: the file of test vectors (tests run in the project's root folder).
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>

namespace sentinel::detect {

inline nlohmann::json read_vectors() {
  std::ifstream in("tests/data/detection_vectors.json");
  return nlohmann::json::parse(in);
}

}  // namespace sentinel::detect
