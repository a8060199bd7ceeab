// Build tool: docs/openapi.yaml as a C++ source that holds the same document as JSON.
// Usage: openapi_embed IN.yaml OUT.cpp
#include <yaml-cpp/yaml.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace {

using Json = nlohmann::ordered_json;

// Plain scalars follow YAML's core schema; quoted ones are texts.
Json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true" || text == "false") return text == "true";
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  if (text.find_first_not_of("0123456789") == (text[0] == '-' ? 0U : std::string::npos)) {
    if (text != "-") return std::stoll(text);
  }
  try {
    std::size_t used = 0;
    const double number = std::stod(text, &used);
    if (used == text.size() && text.find_first_not_of("0123456789.eE+-") == std::string::npos) return number;
  } catch (const std::exception&) {
    return text;
  }
  return text;
}

Json convert(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& item : node) object[item.first.Scalar()] = convert(item.second);
    return object;
  }
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const auto& item : node) list.push_back(convert(item));
    return list;
  }
  return node.IsNull() ? Json() : scalar(node);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: openapi_embed IN.yaml OUT.cpp\n");
    return 2;
  }
  try {
    const std::string text = convert(YAML::LoadFile(argv[1])).dump();
    std::ofstream out(argv[2]);
    out << "#include \"api/openapi.hpp\"\nnamespace sentinel::api {\nstd::string_view openapi_json() {\n  "
           "return\n";
    constexpr std::size_t kPiece = 8000;  // string literals have a limit
    for (std::size_t at = 0; at < text.size(); at += kPiece)
      out << "      R\"openapi(" << text.substr(at, kPiece) << ")openapi\"\n";
    out << "      ;\n}\n}  // namespace sentinel::api\n";
    return out.good() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "openapi_embed: %s: %s\n", argv[1], error.what());
    return 1;
  }
}
