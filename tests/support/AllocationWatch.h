// For tests that feed damaged files to readers: sees how large the largest single allocation of this program was and how
// long a piece of work took. Link AllocationWatch.cpp: it takes the allocator's place.
#ifndef TENSEL_TESTS_SUPPORT_ALLOCATIONWATCH_H
#define TENSEL_TESTS_SUPPORT_ALLOCATIONWATCH_H

#include <chrono>
#include <cstddef>

namespace tensel::test {

class AllocationWatch {
public:
  /// Watches work on a file of `fileSize` bytes. Work that hangs ends the program with SIGALRM after half a minute.
  explicit AllocationWatch(size_t fileSize);
  ~AllocationWatch();
  AllocationWatch(const AllocationWatch &) = delete;
  AllocationWatch &operator=(const AllocationWatch &) = delete;

  /// A failure of the current test when it took 5 seconds or allocated more at once than twice the file and `fixed` bytes.
  void expectModest(size_t fixed) const;

private:
  size_t fileSize;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

} // namespace tensel::test

#endif // TENSEL_TESTS_SUPPORT_ALLOCATIONWATCH_H
