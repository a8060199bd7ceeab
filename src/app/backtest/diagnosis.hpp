// Root causes at known bad times, without detection: for recordings that have only minutes around each fault.
// The ranking is correlate's own (correlate/diagnose.hpp); what comes before a fault, outside of other
// faults, is what normal looks like.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/backtest/labels.hpp"
#include "app/backtest/recording.hpp"
#include "correlate/correlate.hpp"

namespace sentinel::app {

struct Diagnosis {
  std::string id;
  std::string service;  // the right answer
  Time at;
  bool has_data = false;     // documents exist in the bad stretch; without, nothing can be said
  bool has_history = false;  // and before it
  std::size_t rank = 0;      // of the right service; 0: not among the causes
  std::vector<model::Cause> causes;
};

struct DiagnosisSummary {
  std::vector<Diagnosis> faults;  // in the order of the labels
  std::size_t counted() const;    // with data
  std::size_t top(std::size_t n) const;
};

struct DiagnosisInput {
  std::vector<std::unique_ptr<DocumentSource>> sources;
  std::vector<Label> labels;
  std::string folder;  // that the labels' own files are relative to
  ingest::FieldNames fields;
  correlate::Settings settings;
  std::vector<correlate::TopologyEdge> topology;
};

// Holds the whole recording in memory. A label with a file of its own is judged on that file alone, with all
// of the sources as the normal time before it, whatever their dates say.
Result<DiagnosisSummary> run_diagnosis(DiagnosisInput input,
                                       const std::function<void(double)>& progress = {});

}  // namespace sentinel::app
