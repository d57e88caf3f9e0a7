// Memory of some rows of equal size, such as a state's: what RowSteps and SourceTexts keep for each text.
#ifndef TENSEL_RUNTIME_LLM_ROWMEMORY_H
#define TENSEL_RUNTIME_LLM_ROWMEMORY_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace tensel::text {

class RowMemory {
public:
  /// 64-byte aligned, and zero. Pages take no memory before they are used: a long context costs what was said in it. Nothing
  /// when there is no such memory.
  static std::optional<RowMemory> create(int64_t rows, size_t rowBytes);

  std::byte *row(int64_t index) const { return begin + static_cast<size_t>(index) * rowBytes; }
  size_t bytes() const { return size; }
  void clear(int64_t row);
  void copy(int64_t from, int64_t to);

private:
  struct Free {
    void operator()(void *memory) const;
  };
  std::unique_ptr<void, Free> memory;
  std::byte *begin = nullptr; // in `memory`
  size_t rowBytes = 0, size = 0;
};

} // namespace tensel::text

#endif // TENSEL_RUNTIME_LLM_ROWMEMORY_H
