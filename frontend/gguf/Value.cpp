// Checks and reads metadata values; see Value.h.
#include "frontend/gguf/Value.h"

#include <iterator>

using namespace tensel::gguf;

static constexpr int maxDepth = 8;

static const struct {
  const char *name;
  unsigned bytes; // 0: not of one size
} valueTypes[] = {{"uint8", 1}, {"int8", 1},   {"uint16", 2}, {"int16", 2},  {"uint32", 4}, {"int32", 4},  {"float32", 4},
                  {"bool", 1},  {"string", 0}, {"array", 0},  {"uint64", 8}, {"int64", 8},  {"float64", 8}};

const char *tensel::gguf::valueTypeName(uint32_t type) { return type < std::size(valueTypes) ? valueTypes[type].name : nullptr; }

template <typename T>
static T load(const uint8_t *from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

static void checkBools(Reader &reader, const uint8_t *from, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i)
    if (from[i] > 1)
      return reader.fail("bool is " + std::to_string(from[i]) + ", expected 0 or 1");
}

static void skipArray(Reader &reader, int depth) {
  auto type = reader.number<uint32_t>("array type");
  auto count = reader.number<uint64_t>("array length");
  if (!reader.ok())
    return;
  if (!valueTypeName(type))
    return reader.fail("array has element type " + std::to_string(type) + ", expected 0 to 12");
  if (depth >= maxDepth)
    return reader.fail("arrays nested deeper than " + std::to_string(maxDepth));
  unsigned width = valueTypes[type].bytes;
  // Strings take 8 bytes at least, arrays 12.
  uint64_t least = width ? width : type == static_cast<uint32_t>(ValueType::String) ? 8 : 12;
  if (count > reader.left() / least)
    return reader.fail("array of " + std::to_string(count) + " " + valueTypeName(type) + ", found bytes for at most " +
                       std::to_string(reader.left() / least));
  if (width) {
    const uint8_t *from = reader.take(count * width, "array");
    if (from && type == static_cast<uint32_t>(ValueType::Bool))
      checkBools(reader, from, count);
    return;
  }
  for (uint64_t i = 0; i < count && reader.ok(); ++i)
    skipValue(reader, type, depth + 1);
}

void tensel::gguf::skipValue(Reader &reader, uint32_t type, int depth) {
  if (!reader.ok())
    return;
  if (!valueTypeName(type))
    return reader.fail("value has type " + std::to_string(type) + ", expected 0 to 12");
  switch (static_cast<ValueType>(type)) {
  case ValueType::String:
    reader.string("string");
    return;
  case ValueType::Array:
    return skipArray(reader, depth);
  default:
    const uint8_t *from = reader.take(valueTypes[type].bytes, valueTypeName(type));
    if (from && type == static_cast<uint32_t>(ValueType::Bool))
      checkBools(reader, from, 1);
  }
}

std::optional<int64_t> Value::asSigned() const {
  switch (valueType) {
  case ValueType::U8:
    return *at;
  case ValueType::I8:
    return load<int8_t>(at);
  case ValueType::U16:
    return load<uint16_t>(at);
  case ValueType::I16:
    return load<int16_t>(at);
  case ValueType::U32:
    return load<uint32_t>(at);
  case ValueType::I32:
    return load<int32_t>(at);
  case ValueType::I64:
    return load<int64_t>(at);
  case ValueType::U64:
    if (auto value = load<uint64_t>(at); value <= INT64_MAX)
      return static_cast<int64_t>(value);
    return std::nullopt;
  default:
    return std::nullopt;
  }
}

std::optional<uint64_t> Value::asUnsigned() const {
  if (valueType == ValueType::U64)
    return load<uint64_t>(at);
  std::optional<int64_t> value = asSigned();
  return value && *value >= 0 ? std::optional<uint64_t>(*value) : std::nullopt;
}

std::optional<double> Value::asNumber() const {
  if (valueType == ValueType::F32)
    return load<float>(at);
  if (valueType == ValueType::F64)
    return load<double>(at);
  if (valueType == ValueType::U64)
    return static_cast<double>(load<uint64_t>(at));
  std::optional<int64_t> value = asSigned();
  return value ? std::optional<double>(static_cast<double>(*value)) : std::nullopt;
}

std::optional<bool> Value::asBool() const { return valueType == ValueType::Bool ? std::optional<bool>(*at != 0) : std::nullopt; }

std::optional<std::string_view> Value::asString() const {
  if (valueType != ValueType::String)
    return std::nullopt;
  return std::string_view(reinterpret_cast<const char *>(at + 8), load<uint64_t>(at));
}

std::optional<Array> Value::asArray() const {
  if (valueType != ValueType::Array)
    return std::nullopt;
  Array array;
  array.type = static_cast<ValueType>(load<uint32_t>(at));
  array.count = array.left = load<uint64_t>(at + 4);
  array.at = at + 12;
  return array;
}

std::optional<Value> Array::next() {
  if (left == 0)
    return std::nullopt;
  --left;
  Value value(type, at);
  unsigned width = valueTypes[static_cast<uint32_t>(type)].bytes;
  if (width) {
    at += width;
  } else if (type == ValueType::String) {
    at += 8 + load<uint64_t>(at);
  } else {
    // An array in an array ends where its elements do.
    Array inner = *value.asArray();
    if (unsigned innerWidth = valueTypes[static_cast<uint32_t>(inner.type)].bytes)
      inner.at += inner.count * innerWidth;
    else
      while (inner.next())
        continue;
    at = inner.at;
  }
  return value;
}
