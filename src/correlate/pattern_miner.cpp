#include "correlate/pattern_miner.hpp"

#include <fmt/format.h>

#include <list>
#include <unordered_map>
#include <utility>

#include "base/hash.hpp"
#include "base/text.hpp"

namespace sentinel::correlate {
namespace {

using Token = std::uint64_t;  // hash of the token's text; 64 bits make a clash a curiosity
constexpr Token kWild = 0;
constexpr std::string_view kWildText = "<*>";
constexpr std::size_t kMaxBytes = 4096;  // of a message; what follows belongs to no template
constexpr std::string_view kHeader = "patterns 1";

constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

Token token_of(std::string_view text) {
  if (text == kWildText) return kWild;
  const Token hash = fnv1a(text);
  return hash == kWild ? 1 : hash;
}

struct Pattern {
  std::string id;
  std::vector<Token> tokens;
  std::vector<std::string> words;  // the text of the tokens
  std::vector<Token> path;         // of its leaf in the tree, below the level of lengths
};

using Patterns = std::list<Pattern>;  // most recently seen first

struct Node {
  std::unordered_map<Token, std::unique_ptr<Node>> children;
  std::vector<Patterns::iterator> leaves;
};

}  // namespace

struct PatternMiner::Impl {
  Options options;
  Patterns patterns;
  std::unordered_map<std::string, Patterns::iterator> by_id;
  Node root;
  // Of the message at hand; members, so that their memory is reused.
  std::string masked;
  std::vector<std::string_view> words;
  std::vector<Token> tokens;

  std::size_t levels() const { return options.depth > 2 ? options.depth - 2 : 0; }

  void tokenize(std::string_view message) {
    mask(utf8_prefix(message, kMaxBytes), masked);
    words.clear();
    tokens.clear();
    const std::string_view text = masked;
    for (std::size_t begin = 0; begin < text.size();) {
      if (is_blank(text[begin])) {
        ++begin;
        continue;
      }
      std::size_t end = begin;
      while (end < text.size() && !is_blank(text[end])) ++end;
      if (words.size() == options.max_tokens) {
        words.push_back(kWildText);
        tokens.push_back(kWild);
        break;
      }
      words.push_back(text.substr(begin, end - begin));
      tokens.push_back(token_of(words.back()));
      begin = end;
    }
  }

  // Looks for the token's own child first, then for the wild one.
  const Node* leaf_node() const {
    const Node* node = child_of(&root, tokens.size() + 1);
    for (std::size_t level = 0; node && level < levels() && level < tokens.size(); ++level) {
      const Node* child = child_of(node, tokens[level]);
      node = child ? child : child_of(node, kWild);
    }
    return node;
  }
  // A node that is full sends what is new to its wild child.
  std::vector<Token> new_path() const {
    std::vector<Token> path;
    const Node* node = child_of(&root, tokens.size() + 1);
    for (std::size_t level = 0; level < levels() && level < tokens.size(); ++level) {
      Token key = tokens[level];
      if (node && !node->children.contains(key) && node->children.size() + 1 >= options.max_children)
        key = kWild;
      node = node ? child_of(node, key) : nullptr;
      path.push_back(key);
    }
    return path;
  }
  static const Node* child_of(const Node* node, Token key) {
    const auto it = node->children.find(key);
    return it == node->children.end() ? nullptr : it->second.get();
  }

  // The most similar pattern of the leaf, by the share of equal tokens.
  Patterns::iterator best_in(const Node& leaf) {
    Patterns::iterator best = patterns.end();
    std::size_t most_equal = 0;
    for (const auto pattern : leaf.leaves) {
      if (pattern->tokens.size() != tokens.size()) continue;
      std::size_t equal = 0;
      for (std::size_t i = 0; i < tokens.size(); ++i) equal += pattern->tokens[i] == tokens[i] ? 1U : 0U;
      // Ties go by id, because the order of a leaf's patterns does not survive a restart.
      if (best == patterns.end() || equal > most_equal || (equal == most_equal && pattern->id < best->id)) {
        best = pattern;
        most_equal = equal;
      }
    }
    if (best == patterns.end()) return best;
    const double least = options.similarity * static_cast<double>(tokens.size());
    return static_cast<double>(most_equal) >= least ? best : patterns.end();
  }

  void generalise(Pattern& pattern) const {
    for (std::size_t i = 0; i < tokens.size(); ++i)
      if (pattern.tokens[i] != tokens[i] && pattern.tokens[i] != kWild) {
        pattern.tokens[i] = kWild;
        pattern.words[i] = kWildText;
      }
  }

  void insert(Pattern pattern) {
    patterns.push_front(std::move(pattern));
    const auto it = patterns.begin();
    by_id[it->id] = it;
    Node* node = &make_child(root, it->tokens.size() + 1);
    for (const Token key : it->path) node = &make_child(*node, key);
    node->leaves.push_back(it);
  }
  static Node& make_child(Node& node, Token key) {
    auto& child = node.children[key];
    if (!child) child = std::make_unique<Node>();
    return *child;
  }

  void forget_oldest() {
    const auto oldest = std::prev(patterns.end());
    std::vector<Token> keys{oldest->tokens.size() + 1};
    keys.insert(keys.end(), oldest->path.begin(), oldest->path.end());
    remove(root, keys, 0, oldest);
    by_id.erase(oldest->id);
    patterns.erase(oldest);
  }
  // Removes the pattern and the nodes that become empty by it.
  static void remove(Node& node, const std::vector<Token>& keys, std::size_t level,
                     Patterns::iterator pattern) {
    if (level == keys.size()) {
      std::erase(node.leaves, pattern);
      return;
    }
    const auto child = node.children.find(keys[level]);
    remove(*child->second, keys, level + 1, pattern);
    if (child->second->leaves.empty() && child->second->children.empty()) node.children.erase(child);
  }
};

PatternMiner::PatternMiner(Options options) : impl_(std::make_unique<Impl>()) { impl_->options = options; }
PatternMiner::~PatternMiner() = default;
PatternMiner::PatternMiner(PatternMiner&&) noexcept = default;
PatternMiner& PatternMiner::operator=(PatternMiner&&) noexcept = default;

std::string PatternMiner::learn(std::string_view message) {
  Impl& m = *impl_;
  m.tokenize(message);
  if (const Node* leaf = m.leaf_node()) {
    if (const auto found = m.best_in(*leaf); found != m.patterns.end()) {
      m.generalise(*found);
      m.patterns.splice(m.patterns.begin(), m.patterns, found);
      return found->id;
    }
  }
  Pattern pattern;
  pattern.tokens = m.tokens;
  pattern.words.assign(m.words.begin(), m.words.end());
  pattern.id = hex(fnv1a(join(pattern.words, " ")));
  // A template that has grown too general for its own first message still owns the id.
  if (const auto known = m.by_id.find(pattern.id); known != m.by_id.end()) {
    m.patterns.splice(m.patterns.begin(), m.patterns, known->second);
    return pattern.id;
  }
  while (!m.patterns.empty() && m.patterns.size() >= m.options.max_patterns) m.forget_oldest();
  std::string id = pattern.id;
  pattern.path = m.new_path();
  m.insert(std::move(pattern));
  return id;
}

std::string PatternMiner::match(std::string_view message) const {
  Impl& m = *impl_;
  m.tokenize(message);
  const Node* leaf = m.leaf_node();
  if (!leaf) return {};
  const auto found = m.best_in(*leaf);
  return found == m.patterns.end() ? std::string{} : found->id;
}

std::string PatternMiner::template_of(std::string_view id) const {
  const auto it = impl_->by_id.find(std::string(id));
  return it == impl_->by_id.end() ? std::string{} : join(it->second->words, " ");
}

std::size_t PatternMiner::size() const { return impl_->patterns.size(); }

// One line per pattern, least recently seen first: "id path template", where the path has a 0 for each level
// at which the pattern lies under the wild child, a 1 for each other, and ends in a dot. Words hold no
// blanks.
std::string PatternMiner::snapshot() const {
  std::string text(kHeader);
  text += '\n';
  for (auto it = impl_->patterns.rbegin(); it != impl_->patterns.rend(); ++it) {
    text += it->id;
    text += ' ';
    for (const Token key : it->path) text += key == kWild ? '0' : '1';
    text += '.';
    for (const auto& word : it->words) {
      text += ' ';
      text += word;
    }
    text += '\n';
  }
  return text;
}

Result<PatternMiner> PatternMiner::restore(Options options, std::string_view snapshot) {
  PatternMiner miner(options);
  std::size_t number = 0;
  for (const auto line : split(snapshot, '\n')) {
    if (number++ == 0) {
      if (line != kHeader)
        return fail(ErrorKind::kCorrupt, fmt::format("pattern snapshot: begins with '{}', expected '{}'",
                                                     one_line(line, 40), kHeader));
      continue;
    }
    if (line.empty()) continue;
    const auto parts = split(line, ' ');
    Pattern pattern;
    pattern.id = parts[0];
    for (std::size_t i = 2; i < parts.size(); ++i) {
      pattern.words.emplace_back(parts[i]);
      pattern.tokens.push_back(token_of(parts[i]));
    }
    const std::string_view path = parts.size() < 2 ? std::string_view{} : parts[1];
    bool sound = pattern.id.size() == 16 && path.ends_with('.') && path.size() <= pattern.tokens.size() + 1 &&
                 path.size() <= miner.impl_->levels() + 1 && pattern.tokens.size() <= options.max_tokens + 1;
    for (std::size_t i = 0; sound && i + 1 < path.size(); ++i) {
      sound = path[i] == '0' || path[i] == '1';
      pattern.path.push_back(path[i] == '0' ? kWild : pattern.tokens[i]);
    }
    if (!sound) return fail(ErrorKind::kCorrupt, fmt::format("pattern snapshot: line {} is damaged", number));
    if (miner.impl_->by_id.contains(pattern.id))
      return fail(ErrorKind::kCorrupt, fmt::format("pattern snapshot: line {} repeats an id", number));
    while (!miner.impl_->patterns.empty() && miner.impl_->patterns.size() >= options.max_patterns)
      miner.impl_->forget_oldest();
    miner.impl_->insert(std::move(pattern));
  }
  return miner;
}

}  // namespace sentinel::correlate
