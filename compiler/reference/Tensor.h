// Host tensors of the reference interpreter: an element kind, dims and row-major bytes. Copies share the bytes;
// only a tensor that was just made is written to.
#ifndef TENSEL_COMPILER_REFERENCE_TENSOR_H
#define TENSEL_COMPILER_REFERENCE_TENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

namespace tensel::reference {

/// The graph dialect's element types, numbered as in the C API.
enum class Kind : uint8_t { F64 = 1, F32, F16, BF16, Bool, I8, I16, I32, I64, U8, U16, U32, U64 };

/// Nothing for types that the graph dialect does not know.
std::optional<Kind> kindOf(mlir::Type elementType);
mlir::Type typeOf(Kind kind, mlir::MLIRContext *context);
llvm::StringRef nameOf(Kind kind);
unsigned bytesOf(Kind kind);
inline bool isFloat(Kind kind) { return kind <= Kind::BF16; }
/// Bools count as unsigned.
inline bool isUnsigned(Kind kind) { return kind == Kind::Bool || kind >= Kind::U8; }

/// The nearest value (halves to even) that `kind` holds; the identity for F64.
double roundTo(Kind kind, double value);

class Tensor {
public:
  Tensor() = default;
  /// All elements 0.
  Tensor(Kind kind, llvm::ArrayRef<int64_t> dims);
  /// Reads `bytes` in place (at any alignment) for as long as `owner` keeps them.
  static Tensor borrow(Kind kind, llvm::ArrayRef<int64_t> dims, llvm::ArrayRef<char> bytes,
                       std::shared_ptr<const void> owner = {});
  /// Elements converted from numbers; one per element, or one for all.
  static Tensor of(Kind kind, llvm::ArrayRef<int64_t> dims, llvm::ArrayRef<double> values);
  static Tensor of(Kind kind, llvm::ArrayRef<int64_t> dims, llvm::ArrayRef<int64_t> values);
  /// The number of elements, or nothing where a dim is negative or they are more than 2^37.
  static std::optional<int64_t> countOf(llvm::ArrayRef<int64_t> dims);

  Kind getKind() const { return kind; }
  llvm::ArrayRef<int64_t> getDims() const { return dims; }
  int64_t getDim(int64_t i) const { return dims[i]; }
  int64_t getRank() const { return dims.size(); }
  int64_t getCount() const { return count; }
  int64_t getByteSize() const { return count * bytesOf(kind); }
  const char *getData() const { return data; }
  llvm::ArrayRef<char> getBytes() const { return {data, static_cast<size_t>(getByteSize())}; }
  /// Only for a tensor made by the constructor and not copied since.
  char *getMutableData();

  /// The same elements under other dims of the same count.
  Tensor withDims(llvm::ArrayRef<int64_t> newDims) const;
  /// Converts between floating kinds; other tensors stay as they are.
  Tensor withFloatKind(Kind to) const;

  /// Elements as double (integers are converted).
  void read(int64_t begin, int64_t n, double *to) const { readAs(begin, n, to); }
  /// Elements as sign- or zero-extended integers, wrapped to 64 bits (floats are truncated).
  void read(int64_t begin, int64_t n, int64_t *to) const { readAs(begin, n, to); }
  void read(int64_t begin, int64_t n, uint64_t *to) const { readAs(begin, n, reinterpret_cast<int64_t *>(to)); }
  /// Stores elements, rounded or wrapped to the kind.
  void write(int64_t begin, int64_t n, const double *from) { writeAs(begin, n, from); }
  void write(int64_t begin, int64_t n, const int64_t *from) { writeAs(begin, n, from); }
  void write(int64_t begin, int64_t n, const uint64_t *from) { writeAs(begin, n, reinterpret_cast<const int64_t *>(from)); }
  /// All elements as `T`: double, int64_t or uint64_t.
  template <typename T>
  std::vector<T> readAll() const {
    std::vector<T> values(count);
    read(0, count, values.data());
    return values;
  }
  template <typename T>
  void writeAll(const std::vector<T> &values) {
    write(0, count, values.data());
  }
  double getDouble(int64_t i) const;
  int64_t getInt(int64_t i) const;

private:
  template <typename T>
  void readAs(int64_t begin, int64_t n, T *to) const;
  template <typename T>
  void writeAs(int64_t begin, int64_t n, const T *from);

  Kind kind = Kind::F32;
  llvm::SmallVector<int64_t> dims;
  int64_t count = 0;
  const char *data = nullptr;
  std::shared_ptr<const void> owner;
  [[maybe_unused]] bool isWritable = false; // only assertions ask
};

/// The tensor as an attribute of this element type, which is one of its kind.
mlir::DenseElementsAttr elementsOf(mlir::Type elementType, const Tensor &tensor);

/// Calls `body` with a value of the type that elements of `kind` are computed in: double, int64_t or uint64_t.
template <typename Body>
auto withWideType(Kind kind, Body body) {
  if (isFloat(kind))
    return body(double());
  return isUnsigned(kind) ? body(uint64_t()) : body(int64_t());
}

} // namespace tensel::reference
#endif // TENSEL_COMPILER_REFERENCE_TENSOR_H
