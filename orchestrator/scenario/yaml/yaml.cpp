// SPDX-License-Identifier: MIT
// Uses yaml-cpp's events instead of its tree, which accepts duplicate keys silently, expands
// aliases and forgets which scalars were quoted.
#include "orchestrator/scenario/yaml/yaml.hpp"

#include <spdlog/fmt/fmt.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>

#include "orchestrator/base/error.hpp"
#include "orchestrator/base/text.hpp"

namespace lab::scenario {
namespace {

constexpr std::size_t size_limit = 1024 * 1024;
constexpr std::size_t depth_limit = 16;
constexpr std::size_t value_limit = 10000;

std::string place_in(const std::string& file, int line, int column) {
  return fmt::format("{}:{}:{}", file, line, column);
}

// Builds the tree; a map's keys arrive as values and are paired up here.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(const std::string& file) : file_(file) {}
  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(mark, Node::Kind::null, "", anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = make(mark, Node::Kind::scalar, tag, anchor);
    // yaml-cpp's value of the escapes \N and \_ is a single byte, which no JSON can contain.
    if (!base::is_utf8(value))
      fail(node.where, "the escapes \\N and \\_ are not supported", "write \\u0085 or \\u00a0");
    node.text = value;
    node.plain = tag != "!";
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(mark, Node::Kind::list, tag, anchor));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(mark, Node::Kind::map, tag, anchor));
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    Node node;
    bool has_key = false;  // a map's key is waiting for its value
    Entry entry;
  };

  std::string where(const YAML::Mark& mark) const {
    return place_in(file_, mark.line + 1, mark.column + 1);
  }

  [[noreturn]] void refuse_anchor(const YAML::Mark& mark) const {
    fail(where(mark), "anchors and aliases are not used here", "write the value out");
  }

  Node make(const YAML::Mark& mark, Node::Kind kind, const std::string& tag,
            YAML::anchor_t anchor) {
    if (anchor != 0) refuse_anchor(mark);
    if (!tag.empty() && tag != "?" && tag != "!") {
      fail(where(mark), "tags are not used here", "remove the tag " + in_quotes(tag));
    }
    if (++values_ > value_limit) fail(where(mark), "more than 10,000 values");
    Node node;
    node.kind = kind;
    node.where = where(mark);
    return node;
  }

  void open(Node node) {
    if (levels_.size() >= depth_limit) fail(node.where, "nested more than 16 levels deep");
    levels_.push_back({std::move(node), false, {}});
  }

  void close() {
    Node node = std::move(levels_.back().node);
    levels_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (levels_.empty()) {
      root_ = std::move(node);
    } else if (Level& level = levels_.back(); level.node.kind == Node::Kind::list) {
      level.node.items.push_back(std::move(node));
    } else if (level.has_key) {
      // An absent value has no place of its own: the parser gives the place of what follows.
      if (node.kind == Node::Kind::null) node.where = level.entry.where;
      level.entry.value = std::move(node);
      level.node.entries.push_back(std::move(level.entry));
      level.has_key = false;
    } else {
      key(level, std::move(node));
    }
  }

  void key(Level& level, Node node) {
    if (node.kind != Node::Kind::scalar) fail(node.where, "a key must be a word");
    for (const Entry& earlier : level.node.entries) {
      if (earlier.key == node.text) {
        fail(node.where,
             fmt::format("duplicate key {}, first at {}", in_quotes(node.text), earlier.where),
             "remove one of the two");
      }
    }
    level.entry = {std::move(node.text), std::move(node.where), {}};
    level.has_key = true;
  }

  const std::string& file_;
  Node root_;
  std::vector<Level> levels_;
  std::size_t values_ = 0;
};

void check_characters(std::string_view text, const std::string& file) {
  int line = 1, column = 1;
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    const std::size_t length = base::first_code_point(text.substr(i)).bytes;
    if (length == 0) {
      fail(place_in(file, line, column), fmt::format("byte 0x{:02x} is not valid UTF-8", c),
           "save the file as UTF-8");
    }
    if ((c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f) {
      fail(place_in(file, line, column), fmt::format("control character 0x{:02x}", c), "remove it");
    }
    line += c == '\n';
    column = c == '\n' ? 1 : column + 1;
    i += length;
  }
}

}  // namespace

Node parse_yaml(std::string_view text, const std::string& file) {
  if (text.size() > size_limit) fail(file, "larger than 1 MiB", "a scenario is a few KiB");
  check_characters(text, file);
  if (const auto end = base::find_odd_line_end(text))
    fail(place_in(file, end->line, end->column), base::describe(*end), base::odd_line_end_remedy);
  std::istringstream stream{std::string(text)};
  Builder builder(file);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      fail(place_in(file, 1, 1), "empty", "see scenarios/README.md");
    }
    Node root = builder.take();
    if (parser.HandleNextDocument(builder)) {
      fail(builder.take().where, "a second document", "one file, one scenario");
    }
    return root;
  } catch (const YAML::Exception& error) {
    fail(place_in(file, error.mark.line + 1, error.mark.column + 1), error.msg);
  }
}

void fail(const std::string& where, const std::string& cause, const std::string& remedy) {
  throw base::user_error(where + ": " + cause, remedy);
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t limit = 60;
  return "'" + base::printable_ascii(text.substr(0, limit)) + (text.size() > limit ? "...'" : "'");
}

}  // namespace lab::scenario
