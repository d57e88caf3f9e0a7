// A tensor in this process's memory: what .npy files hold, what inputs are made of, what outputs are compared as.
#ifndef TENSEL_TOOLS_TENSEL_HOSTTENSOR_H
#define TENSEL_TOOLS_TENSEL_HOSTTENSOR_H

#include "runtime/include/tensel/runtime.h"
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tensel::cli {

/// Contiguous, row-major, 64-byte aligned.
class HostTensor {
public:
  HostTensor() = default;
  /// False when the byte count overflows or there is no memory; elements start as zeros.
  [[nodiscard]] bool allocate(tensel_elem_type type, std::vector<int64_t> dims);

  tensel_elem_type type = TENSEL_F32;
  std::vector<int64_t> dims;
  int64_t count() const { return elements; }
  size_t byteSize() const { return static_cast<size_t>(elements) * tensel_elem_type_size(type); }
  char *data() { return bytes.get(); }
  const char *data() const { return bytes.get(); }

  /// Element `index` as a number; floats and small integers are exact.
  double number(int64_t index) const;
  /// Integer element `index`, as its 64 bits.
  int64_t integer(int64_t index) const;
  void setNumber(int64_t index, double value);
  void setInteger(int64_t index, int64_t value);
  /// 16-bit words are bf16 where that is `wanted`: some writers of .npy files have no name for it.
  void readAs(tensel_elem_type wanted) { type = wanted == TENSEL_BF16 && type == TENSEL_U16 ? wanted : type; }
  bool isFloat() const { return type >= TENSEL_F64 && type <= TENSEL_BF16; }

private:
  struct Free {
    void operator()(char *pointer) const;
  };
  std::unique_ptr<char, Free> bytes;
  int64_t elements = 0;
};

/// The number of elements, or nothing when it overflows or a dim is negative.
std::optional<int64_t> countElements(const std::vector<int64_t> &dims);

/// "f32", "i64", "bool", "u8" (and MLIR's "i1", "ui8").
std::optional<tensel_elem_type> parseElemType(std::string_view name);

/// "2x3xf32"; -1 prints as ?.
std::string formatType(tensel_elem_type type, const std::vector<int64_t> &dims);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_HOSTTENSOR_H
