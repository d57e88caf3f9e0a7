// Memory for code that is in doubt: a tensor of its own between pages that nobody may touch.
#ifndef TENSEL_COMPILER_VERIFICATION_GUARDEDMEMORY_H
#define TENSEL_COMPILER_VERIFICATION_GUARDEDMEMORY_H

#include "llvm/ADT/ArrayRef.h"
#include <cstddef>
#include <cstdint>

namespace tensel::verification {

class GuardedMemory {
public:
  /// `bytes` of poison at a multiple of 64, as near as that allows to the page behind them that faults. Null data where there is no memory.
  explicit GuardedMemory(size_t bytes);
  explicit GuardedMemory(llvm::ArrayRef<char> content);
  ~GuardedMemory();
  GuardedMemory(GuardedMemory &&other) noexcept;
  GuardedMemory(const GuardedMemory &) = delete;
  GuardedMemory &operator=(const GuardedMemory &) = delete;

  char *data() const { return start; }
  llvm::ArrayRef<char> content() const { return {start, bytes}; }
  /// Whether the bytes around the tensor are as they were.
  bool isSurroundingIntact() const;

  static constexpr unsigned char poison = 0xff; ///< NaN in every float type, -1 in every signed one

private:
  char *region = nullptr, *start = nullptr;
  size_t regionBytes = 0, bytes = 0;
};

} // namespace tensel::verification
#endif // TENSEL_COMPILER_VERIFICATION_GUARDEDMEMORY_H
