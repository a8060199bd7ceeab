// The suite that every StateStore obeys: parameterised by how a fresh, empty store is made.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "base/result.hpp"
#include "state/memory/memory_state.hpp"
#include "state/sqlite/sqlite_state.hpp"
#include "state/store.hpp"

namespace sentinel::state {

// A folder of its own, gone with the object.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sentinel-state-XXXXXX").string();
    path_ = mkdtemp(pattern.data()) == nullptr ? "" : pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;  // a test may have moved it away
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct StoreUnderTest {
  const char* name;
  std::function<Result<std::unique_ptr<StateStore>>(const ScratchFolder&)> open;
};

inline void PrintTo(const StoreUnderTest& store, std::ostream* out) { *out << store.name; }

class StateContract : public testing::TestWithParam<StoreUnderTest> {
 protected:
  void SetUp() override {
    auto opened = GetParam().open(folder_);
    ASSERT_TRUE(opened) << opened.error().text();
    store_ = std::move(*opened);
  }
  StateStore& store() { return *store_; }

 private:
  ScratchFolder folder_;
  std::unique_ptr<StateStore> store_;
};

inline const StoreUnderTest kStores[] = {
    {"memory",
     [](const ScratchFolder&) -> Result<std::unique_ptr<StateStore>> {
       return std::make_unique<MemoryState>();
     }},
    {"sqlite", [](const ScratchFolder& folder) { return open_sqlite_state(folder.file("state.db")); }},
};

inline Time at(int minute) { return *parse_rfc3339("2026-02-20T00:00:00Z") + minutes(minute); }

inline model::Incident incident(const std::string& id, int minute) {
  model::Incident i;
  i.id = id;
  i.title = "incident " + id;
  i.severity = model::Severity::kP2;
  i.created_at = i.updated_at = i.onset = i.last_bad_at = at(minute);
  i.services = {"db", "web"};
  return i;
}

inline model::IncidentEvent event(const std::string& incident_id, const std::string& kind) {
  return {.incident_id = incident_id, .at = at(1), .kind = kind, .actor = "ada", .text = kind + "!"};
}

inline OutboxRow message(const std::string& key) {
  OutboxRow row;
  row.key = key;
  row.channel = "slack";
  row.incident_id = "i";
  row.event_number = 1;
  row.payload = R"({"text":"hello"})";
  row.created_at = at(0);
  row.due_at = at(5);
  return row;
}

}  // namespace sentinel::state
