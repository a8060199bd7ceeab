#include "model/anomaly.hpp"

#include "base/hash.hpp"

namespace sentinel::model {

std::string Anomaly::dedup_key() const {
  return sha256_hex(service + ":" + metric + ":" + std::string(to_string(severity))).substr(0, 16);
}

}  // namespace sentinel::model
