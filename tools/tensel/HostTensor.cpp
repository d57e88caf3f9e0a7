// Storage and element access of host tensors.
#include "tools/tensel/HostTensor.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

namespace tensel::cli {
namespace {
template <typename T>
T load(const char *bytes, int64_t index) {
  T value;
  std::memcpy(&value, bytes + index * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <typename T>
void store(char *bytes, int64_t index, T value) {
  std::memcpy(bytes + index * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}

float bf16ToFloat(uint16_t bits) {
  uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}

uint16_t floatToBf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  if (std::isnan(value))
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
} // namespace

void HostTensor::Free::operator()(char *pointer) const { std::free(pointer); }

bool HostTensor::allocate(tensel_elem_type newType, std::vector<int64_t> newDims) {
  std::optional<int64_t> newCount = countElements(newDims);
  size_t size = tensel_elem_type_size(newType);
  if (!newCount || size == 0 || static_cast<uint64_t>(*newCount) > (uint64_t(1) << 46) / size)
    return false;
  size_t room = (static_cast<size_t>(*newCount) * size + 127) / 64 * 64;
  bytes.reset(static_cast<char *>(std::aligned_alloc(64, room)));
  if (!bytes)
    return false;
  std::memset(bytes.get(), 0, room);
  type = newType;
  dims = std::move(newDims);
  elements = *newCount;
  return true;
}

double HostTensor::number(int64_t index) const {
  switch (type) {
  case TENSEL_F64:
    return load<double>(data(), index);
  case TENSEL_F32:
    return load<float>(data(), index);
  case TENSEL_F16:
    return static_cast<double>(static_cast<float>(load<_Float16>(data(), index)));
  case TENSEL_BF16:
    return bf16ToFloat(load<uint16_t>(data(), index));
  case TENSEL_U64:
    return static_cast<double>(load<uint64_t>(data(), index));
  default:
    return static_cast<double>(integer(index));
  }
}

int64_t HostTensor::integer(int64_t index) const {
  switch (type) {
  case TENSEL_BOOL:
  case TENSEL_U8:
    return load<uint8_t>(data(), index);
  case TENSEL_I8:
    return load<int8_t>(data(), index);
  case TENSEL_I16:
    return load<int16_t>(data(), index);
  case TENSEL_U16:
    return load<uint16_t>(data(), index);
  case TENSEL_I32:
    return load<int32_t>(data(), index);
  case TENSEL_U32:
    return load<uint32_t>(data(), index);
  case TENSEL_I64:
  case TENSEL_U64:
    return load<int64_t>(data(), index);
  default:
    return static_cast<int64_t>(number(index));
  }
}

void HostTensor::setNumber(int64_t index, double value) {
  switch (type) {
  case TENSEL_F64:
    return store<double>(data(), index, value);
  case TENSEL_F32:
    return store<float>(data(), index, static_cast<float>(value));
  case TENSEL_F16:
    return store<_Float16>(data(), index, static_cast<_Float16>(static_cast<float>(value)));
  case TENSEL_BF16:
    return store<uint16_t>(data(), index, floatToBf16(static_cast<float>(value)));
  default:
    return setInteger(index, static_cast<int64_t>(value));
  }
}

void HostTensor::setInteger(int64_t index, int64_t value) {
  switch (type) {
  case TENSEL_BOOL:
    return store<uint8_t>(data(), index, value != 0);
  case TENSEL_I8:
  case TENSEL_U8:
    return store<int8_t>(data(), index, static_cast<int8_t>(value));
  case TENSEL_I16:
  case TENSEL_U16:
    return store<int16_t>(data(), index, static_cast<int16_t>(value));
  case TENSEL_I32:
  case TENSEL_U32:
    return store<int32_t>(data(), index, static_cast<int32_t>(value));
  case TENSEL_I64:
  case TENSEL_U64:
    return store<int64_t>(data(), index, value);
  default:
    return setNumber(index, static_cast<double>(value));
  }
}

std::optional<int64_t> countElements(const std::vector<int64_t> &dims) {
  int64_t count = 1;
  bool empty = false;
  for (int64_t dim : dims) {
    if (dim < 0)
      return std::nullopt;
    empty |= dim == 0;
    if (dim != 0 && __builtin_mul_overflow(count, dim, &count))
      return std::nullopt;
  }
  return empty ? 0 : count;
}

std::optional<tensel_elem_type> parseElemType(std::string_view name) {
  if (name == "i1")
    return TENSEL_BOOL;
  if (name.substr(0, 2) == "ui")
    name.remove_prefix(1), name = name == "i8"    ? "u8"
                                  : name == "i16" ? "u16"
                                  : name == "i32" ? "u32"
                                  : name == "i64" ? "u64"
                                                  : "";
  for (int type = TENSEL_F64; type <= int(TENSEL_U64); ++type)
    if (name == tensel_elem_type_name(static_cast<tensel_elem_type>(type)))
      return static_cast<tensel_elem_type>(type);
  return std::nullopt;
}

std::string formatType(tensel_elem_type type, const std::vector<int64_t> &dims) {
  std::string text;
  for (int64_t dim : dims)
    text += (dim < 0 ? "?" : std::to_string(dim)) + "x";
  return text + tensel_elem_type_name(type);
}
} // namespace tensel::cli
