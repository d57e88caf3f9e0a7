// The protobuf wire format, read in place: varints, fixed-width numbers and
// length-delimited fields over a byte range that is usually a mapped file.
// Nothing is copied and nothing trusts a length before the bytes are there.
// Model.cpp builds the ONNX messages on top of it.
#ifndef TENSEL_FRONTEND_ONNX_WIRE_H
#define TENSEL_FRONTEND_ONNX_WIRE_H

#include "frontend/common/MappedFile.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tensel::onnx {

using tensel::Bytes;
using tensel::MappedFile;

/// The first error of a read; later ones are dropped. Also carries how many
/// bytes of memory the read may still ask for, so that a small file cannot
/// make the reader allocate without bound.
struct ReadState {
  const uint8_t *base = nullptr;
  uint64_t budget = 0;
  std::string error;

  bool failed() const { return !error.empty(); }
};

enum class WireType : uint8_t { Varint = 0, Fixed64 = 1, Length = 2, Fixed32 = 5 };

/// Walks the fields of one message. After any error `next` returns false and
/// every getter returns a neutral value, so callers need no checks in between.
class WireReader {
public:
  static constexpr int maxDepth = 100;

  /// `what` names the message in errors, for example "NodeProto".
  WireReader(Bytes bytes, ReadState &state, const char *what, int depth = 0);

  /// Steps to the next field; skips what the caller did not take of the last.
  bool next();
  uint32_t field() const { return number; }

  uint64_t varint();
  int64_t int64() { return static_cast<int64_t>(varint()); }
  /// Numbers outside of 32 bits are an error.
  int32_t int32();
  float float32();
  Bytes bytes();
  std::string_view string();
  WireReader message(const char *name);

  /// One element of a repeated field or a packed run of them.
  void repeated(std::vector<int64_t> &out);
  void repeated(std::vector<int32_t> &out);
  void repeated(std::vector<float> &out);
  /// Appends the little-endian bytes of packed or single fixed-width elements.
  /// The first packed run is returned in place through `view` when `out` is
  /// still empty, later ones make both land in `out`.
  void repeatedFixed(unsigned width, Bytes &view, std::vector<uint8_t> &out);

  /// Reserves room for one `T` against the budget.
  template <typename T>
  T &append(std::vector<T> &out) {
    charge(sizeof(T));
    return out.emplace_back();
  }
  void charge(uint64_t size);
  bool ok() const { return !state->failed(); }
  /// Records "`text` at byte N of the file (in <message>)".
  void fail(const std::string &text);

private:
  bool expect(WireType wanted);
  uint64_t rawVarint();
  Bytes rawBytes(uint64_t size);
  uint64_t offset() const { return static_cast<uint64_t>(cur - state->base); }
  uint64_t left() const { return static_cast<uint64_t>(end - cur); }

  const uint8_t *cur, *end;
  ReadState *state;
  const char *what;
  int depth;
  uint32_t number = 0;
  WireType type = WireType::Varint;
  bool pending = false;
};

} // namespace tensel::onnx

#endif // TENSEL_FRONTEND_ONNX_WIRE_H
