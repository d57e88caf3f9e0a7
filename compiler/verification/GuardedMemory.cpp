// Pages around tensors; see GuardedMemory.h.
#include "compiler/verification/GuardedMemory.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Process.h"
#include <algorithm>
#include <cstring>
#include <sys/mman.h>
#include <utility>

namespace tensel::verification {
namespace {
constexpr size_t alignment = 64;
} // namespace

GuardedMemory::GuardedMemory(size_t bytes) : bytes(bytes) {
  size_t page = llvm::sys::Process::getPageSizeEstimate();
  size_t usable = llvm::alignTo(std::max<size_t>(bytes, 1), page);
  regionBytes = usable + 2 * page;
  void *mapped = mmap(nullptr, regionBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED)
    return;
  region = static_cast<char *>(mapped);
  if (mprotect(region + page, usable, PROT_READ | PROT_WRITE) != 0)
    return;
  std::memset(region + page, poison, usable);
  start = region + page + (usable - llvm::alignTo(std::max<size_t>(bytes, 1), alignment));
}

GuardedMemory::GuardedMemory(llvm::ArrayRef<char> content) : GuardedMemory(content.size()) {
  if (start)
    std::copy(content.begin(), content.end(), start);
}

GuardedMemory::GuardedMemory(GuardedMemory &&other) noexcept
    : region(std::exchange(other.region, nullptr)), start(std::exchange(other.start, nullptr)), regionBytes(other.regionBytes),
      bytes(other.bytes) {}

GuardedMemory::~GuardedMemory() {
  if (region)
    munmap(region, regionBytes);
}

bool GuardedMemory::isSurroundingIntact() const {
  size_t page = llvm::sys::Process::getPageSizeEstimate();
  auto isPoison = [](char byte) { return static_cast<unsigned char>(byte) == poison; };
  return std::all_of(region + page, start, isPoison) && std::all_of(start + bytes, region + regionBytes - page, isPoison);
}
} // namespace tensel::verification
