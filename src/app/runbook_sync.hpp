// Which runbooks of the cluster's index are put into the local store, and which leave it. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "model/runbook.hpp"

namespace sentinel::app {

struct RunbookChanges {
  std::vector<model::Runbook> put;
  std::vector<std::string> removed;  // ids
  std::set<std::string> taken;       // ids that have come from the index so far, for the next time
};

// The index owns what it holds: a runbook that left it leaves the local store, a change there wins. One that
// was taken earlier and is not there locally was removed here by somebody: it stays away. Local runbooks that
// never were in the index are not touched.
RunbookChanges runbook_changes(const std::vector<model::Runbook>& index,
                               const std::vector<model::Runbook>& local, const std::set<std::string>& taken);

// `taken` as text, for a blob of the state store; text that is none is an empty set.
std::string write_ids(const std::set<std::string>& ids);
std::set<std::string> read_ids(const std::string& text);

}  // namespace sentinel::app
