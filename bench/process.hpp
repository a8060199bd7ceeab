// What a bench asks the operating system about a process.
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

namespace sentinel {

// Resident memory in MB; 0 when there is no such process. `pid`: a number, or "self".
inline double rss_mb(const std::string& pid = "self") {
  std::ifstream status("/proc/" + pid + "/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

}  // namespace sentinel
