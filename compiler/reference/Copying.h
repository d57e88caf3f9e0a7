// Copies of elements whatever their type: by size alone.
#ifndef TENSEL_COMPILER_REFERENCE_COPYING_H
#define TENSEL_COMPILER_REFERENCE_COPYING_H

#include "compiler/reference/Strides.h"
#include "compiler/reference/Tensor.h"

namespace tensel::reference {

/// Writes the elements of `to` in row-major order from wherever `next(i)` says; a negative place leaves a 0.
template <typename Next>
void copyElements(const Tensor &from, Tensor &to, Next next) {
  auto copy = [&](auto element) {
    constexpr size_t size = sizeof(element);
    char *target = to.getMutableData();
    for (int64_t i = 0; i < to.getCount(); ++i)
      if (int64_t place = next(i); place >= 0)
        std::memcpy(target + i * size, from.getData() + place * size, size);
  };
  switch (bytesOf(to.getKind())) {
  case 1:
    return copy(uint8_t());
  case 2:
    return copy(uint16_t());
  case 4:
    return copy(uint32_t());
  default:
    return copy(uint64_t());
  }
}

/// The view of `from` with `strides` (one per dim of `to`) starting at element `start`.
inline void copyStrided(const Tensor &from, Tensor &to, llvm::ArrayRef<int64_t> strides, int64_t start) {
  auto copy = [&](auto element) {
    constexpr size_t size = sizeof(element);
    char *target = to.getMutableData();
    const char *source = from.getData();
    forEachOffset(to.getDims(), strides, start, [&](int64_t offset) {
      std::memcpy(target, source + offset * static_cast<int64_t>(size), size);
      target += size;
    });
  };
  switch (bytesOf(to.getKind())) {
  case 1:
    return copy(uint8_t());
  case 2:
    return copy(uint16_t());
  case 4:
    return copy(uint32_t());
  default:
    return copy(uint64_t());
  }
}

} // namespace tensel::reference
#endif // TENSEL_COMPILER_REFERENCE_COPYING_H
