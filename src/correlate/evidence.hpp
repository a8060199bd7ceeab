// Why a service is, or is not, the one that started it. Each kind of evidence is a row of a catalogue: its
// name, its weight, and the sentence that an engineer reads. A service's score is the sum of weight times
// strength over its evidence; strengths are in 0..1 and each is derived from its own numbers alone.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "correlate/blame_graph.hpp"
#include "correlate/facts.hpp"
#include "model/cause.hpp"

namespace sentinel::correlate {

struct EvidenceKind {
  std::string_view name;
  double weight;              // of full strength; negative speaks against the service
  std::string_view sentence;  // fmt; the arguments differ by kind, see evidence.cpp
};
std::span<const EvidenceKind> evidence_catalogue();

// What is known about the outage as a whole, to which each service is compared.
struct Scene {
  const Input& input;
  const Facts& facts;
  const BlameGraph& blame;
  std::vector<std::size_t> candidates;  // services compared with each other
  std::vector<double> rest;             // per service: share of the outage's trouble that comes to rest there
};

// All evidence about one candidate, strongest first; ids are given later.
std::vector<model::Evidence> collect_evidence(const Scene& scene, std::size_t service);

// Causes by falling probability: softmax over the scores. Evidence ids E1, E2, ... in that order.
std::vector<model::Cause> rank(const Scene& scene);

}  // namespace sentinel::correlate
