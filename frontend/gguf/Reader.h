// Bounded reads of GGUF's little-endian fields from a byte range. Nothing trusts
// a length before the bytes are there; the first error empties the reader.
#ifndef TENSEL_FRONTEND_GGUF_READER_H
#define TENSEL_FRONTEND_GGUF_READER_H

#include "frontend/common/MappedFile.h"

#include <cstring>
#include <string_view>

namespace tensel::gguf {

class Reader {
public:
  Reader(Bytes bytes, std::string &error) : all(bytes), error(error) {}

  bool ok() const { return !hasFailed; }
  uint64_t offset() const { return at; }
  uint64_t left() const { return all.size() - at; }
  const uint8_t *position() const { return all.data() + at; }

  /// A number; 0 after an error. `what` names the field in errors.
  template <typename T>
  T number(const char *what) {
    T value = 0;
    if (const uint8_t *from = take(sizeof(T), what))
      std::memcpy(&value, from, sizeof(T));
    return value;
  }
  /// A 64-bit length and as many bytes.
  std::string_view string(const char *what);
  /// Steps over `size` bytes; null after an error.
  const uint8_t *take(uint64_t size, const char *what);
  /// Records "`text` at byte N"; the first error stays.
  void fail(const std::string &text);

private:
  Bytes all;
  std::string &error;
  uint64_t at = 0;
  bool hasFailed = false;
};

} // namespace tensel::gguf

#endif // TENSEL_FRONTEND_GGUF_READER_H
