#include "app/runbook_sync.hpp"

#include <map>
#include <nlohmann/json.hpp>

namespace sentinel::app {

RunbookChanges runbook_changes(const std::vector<model::Runbook>& index,
                               const std::vector<model::Runbook>& local, const std::set<std::string>& taken) {
  std::map<std::string, const model::Runbook*> here;
  for (const auto& runbook : local) here[runbook.id] = &runbook;
  RunbookChanges changes;
  for (const auto& runbook : index) {
    changes.taken.insert(runbook.id);
    const auto found = here.find(runbook.id);
    if (found == here.end() ? !taken.contains(runbook.id) : *found->second != runbook)
      changes.put.push_back(runbook);
  }
  for (const auto& id : taken) {
    if (!changes.taken.contains(id) && here.contains(id)) changes.removed.push_back(id);
  }
  return changes;
}

std::string write_ids(const std::set<std::string>& ids) { return nlohmann::json(ids).dump(); }

std::set<std::string> read_ids(const std::string& text) {
  std::set<std::string> ids;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array()) return ids;
  for (const auto& id : json) {
    if (id.is_string()) ids.insert(id.get<std::string>());
  }
  return ids;
}

}  // namespace sentinel::app
