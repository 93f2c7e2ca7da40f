// SPDX-License-Identifier: MIT
// Writes pprof's format by hand: the few fields of profile.proto (github.com/google/pprof,
// proto/profile.proto) that causes need, in the wire format of protocol buffers.
#include <zlib.h>

#include <map>

#include "orchestrator/base/error.hpp"
#include "orchestrator/report/causes/causes.hpp"

namespace lab::report {
namespace {

using check::CauseSum;
using check::StepCauses;

// Builds one message of fields.
class Message {
 public:
  void add_number(int field, std::uint64_t value) {
    add_varint(std::uint64_t(field) << 3);
    add_varint(value);
  }
  void add_bytes(int field, const std::string& bytes) {
    add_varint(std::uint64_t(field) << 3 | 2);
    add_varint(bytes.size());
    bytes_ += bytes;
  }
  void add_message(int field, const Message& message) { add_bytes(field, message.bytes_); }
  void add_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += char(value | 0x80);
    bytes_ += char(value);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Contains the field numbers of profile.proto.
namespace field {
constexpr int sample_type = 1, sample = 2, location = 4, function = 5, string_table = 6,
              comment = 13, default_sample_type = 14;
constexpr int type = 1, unit = 2;                                // of a ValueType
constexpr int sample_location = 1, sample_value = 2, label = 3;  // of a Sample
constexpr int key = 1, text = 2;                                 // of a Label
constexpr int id = 1, name = 2, line = 4, line_function = 1;     // of Location, Function, Line
}  // namespace field

class Profile {
 public:
  Profile() {
    number("");  // the first text is the empty one
    add_type("exits", "count");
    add_type("cycles", "count");
  }

  void add(const StepCauses& step, const CauseSum& cause, bool with_cell) {
    Message locations, values, sample;
    const std::vector<std::string> frames = make_frames(step, cause, with_cell);
    for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame)  // the leaf comes first
      locations.add_varint(location(*frame));
    values.add_varint(cause.exits);
    values.add_varint(cause.cycles.value_or(0));
    sample.add_bytes(field::sample_location, locations.bytes());
    sample.add_bytes(field::sample_value, values.bytes());
    add_label(sample, "cell", step.cell);
    add_label(sample, "step", step_frame(step));
    add_label(sample, "reason", cause.reason);
    profile_.add_message(field::sample, sample);
  }

  std::string bytes() && {
    const std::uint64_t comment = number("made by lab; cycles are 0 where they are not known");
    const std::uint64_t usual = number("exits");
    for (const std::string* text : texts_) profile_.add_bytes(field::string_table, *text);
    profile_.add_number(field::comment, comment);
    profile_.add_number(field::default_sample_type, usual);
    return profile_.bytes();
  }

 private:
  std::uint64_t number(const std::string& text) {
    const auto [at, is_new] = numbers_.try_emplace(text, texts_.size());
    if (is_new) texts_.push_back(&at->first);
    return at->second;
  }

  void add_type(const std::string& type, const std::string& unit) {
    Message value_type;
    value_type.add_number(field::type, number(type));
    value_type.add_number(field::unit, number(unit));
    profile_.add_message(field::sample_type, value_type);
  }

  void add_label(Message& sample, const std::string& key, const std::string& text) {
    Message label;
    label.add_number(field::key, number(key));
    label.add_number(field::text, number(printable(text)));
    sample.add_message(field::label, label);
  }

  // Writes a frame as a location and a function, both with the same number, from 1.
  std::uint64_t location(const std::string& frame) {
    const auto [at, is_new] = locations_.try_emplace(frame, locations_.size() + 1);
    if (!is_new) return at->second;
    Message function, line, location;
    function.add_number(field::id, at->second);
    function.add_number(field::name, number(frame));
    line.add_number(field::line_function, at->second);
    location.add_number(field::id, at->second);
    location.add_message(field::line, line);
    profile_.add_message(field::function, function);
    profile_.add_message(field::location, location);
    return at->second;
  }

  Message profile_;
  std::map<std::string, std::uint64_t> numbers_, locations_;
  std::vector<const std::string*> texts_;  // in the order of their numbers
};

std::string gzip(const std::string& bytes) {
  z_stream stream{};
  constexpr int gzip_window = 15 + 16;  // zlib: 16 more asks for gzip's header
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, 9, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    throw base::infrastructure_error("zlib: no memory");
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = uInt(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = uInt(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw base::infrastructure_error("zlib: cannot pack a profile");
  return packed;
}

}  // namespace

std::string causes_pprof(CausesOf steps) {
  const bool with_cell = has_cells(steps);
  Profile profile;
  for (const StepCauses& step : steps)
    for (const CauseSum& cause : step.causes) profile.add(step, cause, with_cell);
  return gzip(std::move(profile).bytes());
}

}  // namespace lab::report
