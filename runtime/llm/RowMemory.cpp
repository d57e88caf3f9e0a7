// Rows in one allocation; see RowMemory.h.
#include "runtime/llm/RowMemory.h"

#include <cstdlib>
#include <cstring>

namespace tensel::text {

static constexpr size_t alignment = 64;

void RowMemory::Free::operator()(void *memory) const { std::free(memory); }

std::optional<RowMemory> RowMemory::create(int64_t rows, size_t rowBytes) {
  RowMemory made;
  size_t space = 0;
  if (__builtin_mul_overflow(static_cast<size_t>(rows), rowBytes, &made.size) ||
      __builtin_add_overflow(made.size, alignment, &space))
    return std::nullopt;
  made.memory.reset(std::calloc(space, 1));
  if (!made.memory)
    return std::nullopt;
  void *begin = made.memory.get();
  made.begin = static_cast<std::byte *>(std::align(alignment, made.size, begin, space));
  made.rowBytes = rowBytes;
  return made;
}

void RowMemory::clear(int64_t row) { std::memset(this->row(row), 0, rowBytes); }

void RowMemory::copy(int64_t from, int64_t to) {
  if (from != to)
    std::memcpy(row(to), row(from), rowBytes);
}

} // namespace tensel::text
