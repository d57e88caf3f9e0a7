// Metadata values of a GGUF file, read in place. A Value points at bytes that
// were checked when the file was read, so its getters need no bounds.
#ifndef TENSEL_FRONTEND_GGUF_VALUE_H
#define TENSEL_FRONTEND_GGUF_VALUE_H

#include "frontend/gguf/Reader.h"

#include <optional>

namespace tensel::gguf {

/// gguf_metadata_value_type, with the numbers of the format.
enum class ValueType : uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

/// "uint8", "string", ...; null for numbers that are none.
const char *valueTypeName(uint32_t type);

class Array;

class Value {
public:
  Value(ValueType type, const uint8_t *at) : valueType(type), at(at) {}

  ValueType type() const { return valueType; }
  /// Of any integer type, where it is not negative.
  std::optional<uint64_t> asUnsigned() const;
  /// Of any integer type, where it fits.
  std::optional<int64_t> asSigned() const;
  /// Of any integer or floating type.
  std::optional<double> asNumber() const;
  std::optional<bool> asBool() const;
  std::optional<std::string_view> asString() const;
  std::optional<Array> asArray() const;

private:
  ValueType valueType;
  const uint8_t *at;
};

/// The elements of an array, from first to last.
class Array {
public:
  ValueType elementType() const { return type; }
  uint64_t size() const { return count; }
  /// The next element, or nothing at the end.
  std::optional<Value> next();

private:
  friend class Value;
  ValueType type = ValueType::U8;
  uint64_t count = 0, left = 0;
  const uint8_t *at = nullptr;
};

/// Steps over a value of `type`, checking it; `depth` counts arrays in arrays.
void skipValue(Reader &reader, uint32_t type, int depth = 0);

} // namespace tensel::gguf

#endif // TENSEL_FRONTEND_GGUF_VALUE_H
