// Element kinds and their conversions, among them f16 and bf16 from their definition; see Tensor.h.
#include "compiler/reference/Tensor.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"
#include <cassert>
#include <cmath>
#include <limits>

using namespace mlir;
using namespace tensel::reference;

namespace {
struct Half {
  uint16_t bits;
};
struct BFloat {
  uint16_t bits;
};
struct Boolean {
  uint8_t byte;
};

/// A binary floating format of 16 bits.
struct Format {
  int fractionBits, exponentBits;
  int bias() const { return (1 << (exponentBits - 1)) - 1; }
};
constexpr Format halfFormat{10, 5}, bfloatFormat{7, 8};
} // namespace

static double decode(Format format, uint16_t bits) {
  int exponent = (bits >> format.fractionBits) & ((1 << format.exponentBits) - 1);
  int fraction = bits & ((1 << format.fractionBits) - 1);
  double sign = bits >> 15 ? -1.0 : 1.0;
  if (exponent == (1 << format.exponentBits) - 1)
    return fraction ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
  // Subnormals have the lowest exponent and no hidden bit.
  int significand = exponent ? fraction | (1 << format.fractionBits) : fraction;
  return sign * std::ldexp(significand, std::max(exponent, 1) - format.bias() - format.fractionBits);
}

static uint16_t encode(Format format, double value) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  uint16_t infinity = ((1 << format.exponentBits) - 1) << format.fractionBits;
  if (std::isnan(value))
    return sign | infinity | (1 << (format.fractionBits - 1));
  value = std::fabs(value);
  if (value == 0 || std::isinf(value))
    return sign | (value == 0 ? 0 : infinity);
  int exponent = std::max(std::ilogb(value), 1 - format.bias());
  // In units of the last place; a carry into the next power of two is right as it stands, up to infinity.
  auto units = static_cast<int64_t>(std::nearbyint(std::ldexp(value, format.fractionBits - exponent)));
  int64_t bits = (static_cast<int64_t>(exponent + format.bias() - 1) << format.fractionBits) + units;
  return sign | static_cast<uint16_t>(std::min<int64_t>(bits, infinity));
}

double tensel::reference::roundTo(Kind kind, double value) {
  switch (kind) {
  case Kind::F32:
    return static_cast<float>(value);
  case Kind::F16:
    return decode(halfFormat, encode(halfFormat, value));
  case Kind::BF16:
    return decode(bfloatFormat, encode(bfloatFormat, value));
  default:
    return value;
  }
}

/// Calls `body` with a value of the type that stores `kind`.
template <typename Body>
static auto withStorage(Kind kind, Body body) {
  switch (kind) {
  case Kind::F64:
    return body(double());
  case Kind::F32:
    return body(float());
  case Kind::F16:
    return body(Half());
  case Kind::BF16:
    return body(BFloat());
  case Kind::Bool:
    return body(Boolean());
  case Kind::I8:
    return body(int8_t());
  case Kind::I16:
    return body(int16_t());
  case Kind::I32:
    return body(int32_t());
  case Kind::I64:
    return body(int64_t());
  case Kind::U8:
    return body(uint8_t());
  case Kind::U16:
    return body(uint16_t());
  case Kind::U32:
    return body(uint32_t());
  case Kind::U64:
    return body(uint64_t());
  }
  llvm_unreachable("all kinds are listed");
}

std::optional<Kind> tensel::reference::kindOf(Type type) {
  if (type.isF64())
    return Kind::F64;
  if (type.isF32())
    return Kind::F32;
  if (type.isF16())
    return Kind::F16;
  if (type.isBF16())
    return Kind::BF16;
  if (type.isInteger(1))
    return Kind::Bool;
  if (!type.isSignlessInteger() && !type.isUnsignedInteger())
    return std::nullopt;
  bool isUnsigned = type.isUnsignedInteger();
  switch (type.getIntOrFloatBitWidth()) {
  case 8:
    return isUnsigned ? Kind::U8 : Kind::I8;
  case 16:
    return isUnsigned ? Kind::U16 : Kind::I16;
  case 32:
    return isUnsigned ? Kind::U32 : Kind::I32;
  case 64:
    return isUnsigned ? Kind::U64 : Kind::I64;
  default:
    return std::nullopt;
  }
}

DenseElementsAttr tensel::reference::elementsOf(Type elementType, const Tensor &tensor) {
  auto type = RankedTensorType::get(tensor.getDims(), elementType);
  if (tensor.getKind() != Kind::Bool)
    return DenseElementsAttr::getFromRawBuffer(type, tensor.getBytes());
  SmallVector<bool> values;
  for (char byte : tensor.getBytes())
    values.push_back(byte != 0);
  return DenseElementsAttr::get(type, ArrayRef<bool>(values));
}

Type tensel::reference::typeOf(Kind kind, MLIRContext *context) {
  Builder b(context);
  switch (kind) {
  case Kind::F64:
    return b.getF64Type();
  case Kind::F32:
    return b.getF32Type();
  case Kind::F16:
    return b.getF16Type();
  case Kind::BF16:
    return b.getBF16Type();
  case Kind::Bool:
    return b.getI1Type();
  default:
    return IntegerType::get(context, 8 * bytesOf(kind), isUnsigned(kind) ? IntegerType::Unsigned : IntegerType::Signless);
  }
}

llvm::StringRef tensel::reference::nameOf(Kind kind) {
  static constexpr const char *names[] = {"",    "f64", "f32", "f16", "bf16", "i1",   "i8",
                                          "i16", "i32", "i64", "ui8", "ui16", "ui32", "ui64"};
  return names[static_cast<size_t>(kind)];
}

unsigned tensel::reference::bytesOf(Kind kind) {
  return withStorage(kind, [](auto value) -> unsigned { return sizeof(value); });
}

std::optional<int64_t> Tensor::countOf(ArrayRef<int64_t> dims) {
  if (llvm::any_of(dims, [](int64_t dim) { return dim < 0; }))
    return std::nullopt;
  if (llvm::is_contained(dims, 0))
    return 0;
  int64_t count = 1;
  for (int64_t dim : dims)
    if (__builtin_mul_overflow(count, dim, &count))
      return std::nullopt;
  if (count > (int64_t(1) << 37))
    return std::nullopt;
  return count;
}

Tensor::Tensor(Kind kind, ArrayRef<int64_t> dims) : kind(kind), dims(dims), count(countOf(dims).value_or(0)), isWritable(true) {
  std::shared_ptr<char[]> bytes(new char[std::max<int64_t>(getByteSize(), 1)]());
  data = bytes.get();
  owner = bytes;
}

Tensor Tensor::borrow(Kind kind, ArrayRef<int64_t> dims, ArrayRef<char> bytes, std::shared_ptr<const void> owner) {
  Tensor tensor;
  tensor.kind = kind;
  tensor.dims.assign(dims.begin(), dims.end());
  tensor.count = countOf(dims).value_or(0);
  tensor.data = bytes.data();
  tensor.owner = std::move(owner);
  assert(static_cast<int64_t>(bytes.size()) >= tensor.getByteSize() && "a tensor needs all of its bytes");
  return tensor;
}

template <typename T>
static Tensor make(Kind kind, ArrayRef<int64_t> dims, ArrayRef<T> values) {
  Tensor tensor(kind, dims);
  assert((values.size() == 1 || static_cast<int64_t>(values.size()) == tensor.getCount()) && "one value per element");
  if (static_cast<int64_t>(values.size()) == tensor.getCount())
    tensor.write(0, tensor.getCount(), values.data());
  else
    tensor.writeAll(std::vector<T>(tensor.getCount(), values[0]));
  return tensor;
}
Tensor Tensor::of(Kind kind, ArrayRef<int64_t> dims, ArrayRef<double> values) { return make(kind, dims, values); }
Tensor Tensor::of(Kind kind, ArrayRef<int64_t> dims, ArrayRef<int64_t> values) { return make(kind, dims, values); }

char *Tensor::getMutableData() {
  assert(isWritable && owner.use_count() == 1 && "only a new tensor is written to");
  return const_cast<char *>(data);
}

Tensor Tensor::withDims(ArrayRef<int64_t> newDims) const {
  Tensor tensor = *this;
  tensor.dims.assign(newDims.begin(), newDims.end());
  assert(countOf(newDims) == count && "the same elements");
  return tensor;
}

Tensor Tensor::withFloatKind(Kind to) const {
  if (!isFloat(kind) || kind == to)
    return *this;
  Tensor tensor(to, dims);
  constexpr int64_t block = 4096;
  double values[block];
  for (int64_t begin = 0; begin < count; begin += block) {
    int64_t n = std::min(block, count - begin);
    read(begin, n, values);
    tensor.write(begin, n, values);
  }
  return tensor;
}

/// Out of range is undefined in C++; saturated here.
static int64_t truncate(double value) {
  if (std::isnan(value))
    return 0;
  if (value >= 0x1p63)
    return std::numeric_limits<int64_t>::max();
  return value < -0x1p63 ? std::numeric_limits<int64_t>::min() : static_cast<int64_t>(value);
}

template <typename T, typename S>
static T fromStored(S stored) {
  if constexpr (std::is_same_v<S, Half> || std::is_same_v<S, BFloat>) {
    double value = decode(std::is_same_v<S, Half> ? halfFormat : bfloatFormat, stored.bits);
    if constexpr (std::is_same_v<T, double>)
      return value;
    else
      return truncate(value);
  } else if constexpr (std::is_same_v<S, Boolean>) {
    return stored.byte != 0;
  } else if constexpr (std::is_floating_point_v<S> && !std::is_same_v<T, double>) {
    return truncate(stored);
  } else {
    return static_cast<T>(stored);
  }
}

template <typename S, typename T>
static S toStored(T value) {
  if constexpr (std::is_same_v<S, Half>)
    return {encode(halfFormat, value)};
  else if constexpr (std::is_same_v<S, BFloat>)
    return {encode(bfloatFormat, value)};
  else if constexpr (std::is_same_v<S, Boolean>)
    return {static_cast<uint8_t>(value != 0)};
  else if constexpr (std::is_same_v<T, double> && !std::is_floating_point_v<S>)
    return static_cast<S>(truncate(value));
  else
    return static_cast<S>(value);
}

template <typename T>
void Tensor::readAs(int64_t begin, int64_t n, T *to) const {
  assert(begin >= 0 && begin + n <= count && "elements of the tensor");
  withStorage(kind, [&](auto stored) {
    const char *from = data + begin * sizeof(stored);
    for (int64_t i = 0; i < n; ++i) {
      std::memcpy(&stored, from + i * sizeof(stored), sizeof(stored));
      to[i] = fromStored<T>(stored);
    }
  });
}

template <typename T>
void Tensor::writeAs(int64_t begin, int64_t n, const T *from) {
  assert(begin >= 0 && begin + n <= count && "elements of the tensor");
  char *bytes = getMutableData();
  withStorage(kind, [&](auto stored) {
    char *to = bytes + begin * sizeof(stored);
    for (int64_t i = 0; i < n; ++i) {
      stored = toStored<decltype(stored)>(from[i]);
      std::memcpy(to + i * sizeof(stored), &stored, sizeof(stored));
    }
  });
}

template void Tensor::readAs(int64_t, int64_t, double *) const;
template void Tensor::readAs(int64_t, int64_t, int64_t *) const;
template void Tensor::writeAs(int64_t, int64_t, const double *);
template void Tensor::writeAs(int64_t, int64_t, const int64_t *);

double Tensor::getDouble(int64_t i) const {
  double value;
  read(i, 1, &value);
  return value;
}

int64_t Tensor::getInt(int64_t i) const {
  int64_t value;
  read(i, 1, &value);
  return value;
}
