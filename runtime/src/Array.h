// A fixed-size array whose allocation may fail without an exception: out of memory is a status in the runtime.
#ifndef TENSEL_RUNTIME_SRC_ARRAY_H
#define TENSEL_RUNTIME_SRC_ARRAY_H

#include <cstddef>
#include <cstdlib>
#include <type_traits>

namespace tensel::rt {

/// Elements are plain data and start as zeros.
template <typename T>
class Array {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

public:
  Array() = default;
  ~Array() { free(items); }
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;

  /// Replaces what was there. False: out of memory.
  [[nodiscard]] bool allocate(size_t size) {
    free(items);
    items = static_cast<T *>(calloc(size ? size : 1, sizeof(T)));
    count = items ? size : 0;
    return items != nullptr;
  }
  T *data() { return items; }
  const T *data() const { return items; }
  size_t size() const { return count; }
  T &operator[](size_t index) { return items[index]; }
  const T &operator[](size_t index) const { return items[index]; }
  T *begin() { return items; }
  T *end() { return items + count; }

private:
  T *items = nullptr;
  size_t count = 0;
};

} // namespace tensel::rt
#endif
