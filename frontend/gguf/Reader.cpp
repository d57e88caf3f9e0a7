// Bounded reads; see Reader.h.
#include "frontend/gguf/Reader.h"

using namespace tensel::gguf;

void Reader::fail(const std::string &text) {
  if (!hasFailed)
    error = text + " at byte " + std::to_string(at);
  hasFailed = true;
}

const uint8_t *Reader::take(uint64_t size, const char *what) {
  if (hasFailed)
    return nullptr;
  if (size > left()) {
    fail(std::string(what) + " needs " + std::to_string(size) + " bytes, found " + std::to_string(left()));
    return nullptr;
  }
  const uint8_t *from = position();
  at += size;
  return from;
}

std::string_view Reader::string(const char *what) {
  auto size = number<uint64_t>(what);
  const uint8_t *from = take(size, what);
  return from ? std::string_view(reinterpret_cast<const char *>(from), size) : std::string_view();
}
