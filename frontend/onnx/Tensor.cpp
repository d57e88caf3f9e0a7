// Decodes TensorProto; see Tensor.h. Raw data and packed float/double fields
// stay where they are in the file, varint fields are decoded to a vector.
#include "frontend/onnx/Tensor.h"

#include <charconv>
#include <cstring>

using namespace tensel::onnx;

static const struct {
  const char *name;
  unsigned bits;
} dataTypes[] = {{"undefined", 0},      {"float", 32},    {"uint8", 8},        {"int8", 8},           {"uint16", 16},
                 {"int16", 16},         {"int32", 32},    {"int64", 64},       {"string", 0},         {"bool", 8},
                 {"float16", 16},       {"double", 64},   {"uint32", 32},      {"uint64", 64},        {"complex64", 64},
                 {"complex128", 128},   {"bfloat16", 16}, {"float8e4m3fn", 8}, {"float8e4m3fnuz", 8}, {"float8e5m2", 8},
                 {"float8e5m2fnuz", 8}, {"uint4", 4},     {"int4", 4},         {"float4e2m1", 4},     {"float8e8m0", 8},
                 {"uint2", 2},          {"int2", 2},      {"float6e2m3", 8},   {"float6e3m2", 8}};

static bool isKnown(DataType type) {
  auto index = static_cast<int64_t>(type);
  return index >= 0 && index < static_cast<int64_t>(std::size(dataTypes));
}

const char *tensel::onnx::dataTypeName(DataType type) { return dataTypes[isKnown(type) ? static_cast<int>(type) : 0].name; }

unsigned tensel::onnx::dataTypeBits(DataType type) { return dataTypes[isKnown(type) ? static_cast<int>(type) : 0].bits; }

int64_t TensorProto::count() const {
  int64_t result = 1;
  for (int64_t dim : dims)
    result *= dim;
  return result;
}

namespace {
/// The fields of a TensorProto before it is known which of them count.
struct Fields {
  bool hasRaw = false, external = false;
  Bytes raw, fixed;
  std::vector<uint8_t> fixedBytes;
  std::vector<int64_t> varints;
  bool narrow = false; // varints came from int32_data
  unsigned fixedWidth = 0;
  std::vector<StringPair> externalData;
};
} // namespace

/// Bytes that `dims` elements of `type` take, or nothing after an error.
static std::optional<uint64_t> byteSize(WireReader &reader, const TensorProto &tensor) {
  uint64_t count = 1;
  bool zero = false;
  for (int64_t dim : tensor.dims) {
    if (dim < 0) {
      reader.fail("tensor '" + std::string(tensor.name) + "' has dimension " + std::to_string(dim) + ", expected 0 or more");
      return {};
    }
    zero |= dim == 0;
    if (dim && __builtin_mul_overflow(count, static_cast<uint64_t>(dim), &count)) {
      reader.fail("tensor '" + std::string(tensor.name) + "' has more than 2^64 elements");
      return {};
    }
  }
  if (zero)
    return 0;
  uint64_t bits = dataTypeBits(tensor.type);
  if (count > (uint64_t(1) << 55)) {
    reader.fail("tensor '" + std::string(tensor.name) + "' has " + std::to_string(count) + " elements, expected at most 2^55");
    return {};
  }
  return (count * bits + 7) / 8;
}

static bool parseNumber(std::string_view text, uint64_t &out) {
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  return code == std::errc() && end == text.data() + text.size();
}

static void resolveExternal(WireReader &reader, TensorProto &tensor, const Fields &fields, uint64_t size, TensorSource &source) {
  std::string location, who = "tensor '" + std::string(tensor.name) + "': ";
  uint64_t offset = 0, length = size;
  for (const StringPair &entry : fields.externalData) {
    uint64_t *number = entry.key == "offset" ? &offset : entry.key == "length" ? &length : nullptr;
    if (entry.key == "location")
      location = entry.value;
    if (number && !parseNumber(entry.value, *number))
      return reader.fail(who + "external data " + std::string(entry.key) + " is '" + std::string(entry.value) +
                         "', expected a number");
  }
  if (source.directory.empty())
    return reader.fail(who + "external data in a model that was not read from a file");
  auto &file = source.files[location];
  if (!file) {
    std::string error;
    file = MappedFile::openBeneath(source.directory, location, "external data", error);
    if (!file) {
      source.files.erase(location);
      return reader.fail(who + error);
    }
  }
  uint64_t end = 0;
  if (__builtin_add_overflow(offset, length, &end) || end > file->bytes().size())
    return reader.fail(who + "external data needs bytes " + std::to_string(offset) + " to " + std::to_string(offset) + "+" +
                       std::to_string(length) + ", '" + location + "' has " + std::to_string(file->bytes().size()));
  tensor.data = file->bytes().subspan(offset, length);
  tensor.file = file.get();
  tensor.offset = offset;
}

/// Narrows decoded varints to the element width of the tensor.
static void packVarints(WireReader &reader, TensorProto &tensor, const Fields &fields) {
  unsigned bits = dataTypeBits(tensor.type);
  // Sub-byte types store one packed byte per number.
  unsigned width = bits < 8 ? 1 : bits / 8;
  if (width > 8)
    width = 8;
  reader.charge(fields.varints.size() * width);
  if (!reader.ok())
    return;
  tensor.decoded = std::make_shared<std::vector<uint8_t>>(fields.varints.size() * width);
  for (size_t i = 0; i < fields.varints.size(); ++i)
    std::memcpy(tensor.decoded->data() + i * width, &fields.varints[i], width);
  tensor.data = Bytes(*tensor.decoded);
}

static void finish(WireReader &reader, TensorProto &tensor, Fields &fields, TensorSource &source) {
  if (!reader.ok())
    return;
  std::string who = "tensor '" + std::string(tensor.name) + "'";
  if (!isKnown(tensor.type) || tensor.type == DataType::Undefined)
    return reader.fail(who + " has element type " + std::to_string(static_cast<int>(tensor.type)) + ", expected 1 to " +
                       std::to_string(std::size(dataTypes) - 1));
  std::optional<uint64_t> size = byteSize(reader, tensor);
  if (!size)
    return;
  if (tensor.type == DataType::String) {
    uint64_t count = 1;
    for (int64_t dim : tensor.dims)
      count *= static_cast<uint64_t>(dim);
    if (count != tensor.strings.size())
      reader.fail(who + " has " + std::to_string(tensor.strings.size()) + " strings, expected " + std::to_string(count));
    return;
  }
  if (fields.external) {
    resolveExternal(reader, tensor, fields, *size, source);
  } else if (fields.hasRaw) {
    tensor.data = fields.raw;
  } else if (fields.fixedWidth) {
    if (fields.fixedBytes.empty()) {
      tensor.data = fields.fixed;
    } else {
      tensor.decoded = std::make_shared<std::vector<uint8_t>>(std::move(fields.fixedBytes));
      tensor.data = Bytes(*tensor.decoded);
    }
  } else {
    packVarints(reader, tensor, fields);
  }
  if (!reader.ok())
    return;
  if (tensor.data.size() != *size)
    return reader.fail(who + " of type " + dataTypeName(tensor.type) + " holds " + std::to_string(tensor.data.size()) +
                       " bytes, expected " + std::to_string(*size));
  if (!tensor.file && !tensor.decoded && source.file) {
    tensor.file = source.file;
    tensor.offset = tensor.data.empty() ? 0 : static_cast<uint64_t>(tensor.data.data() - source.state.base);
  }
}

static StringPair readPair(WireReader reader) {
  StringPair pair;
  while (reader.next()) {
    if (reader.field() == 1)
      pair.key = reader.string();
    else if (reader.field() == 2)
      pair.value = reader.string();
  }
  return pair;
}

void tensel::onnx::readTensor(WireReader reader, TensorProto &tensor, TensorSource &source) {
  Fields fields;
  while (reader.next()) {
    switch (reader.field()) {
    case 1:
      reader.repeated(tensor.dims);
      break;
    case 2:
      tensor.type = static_cast<DataType>(reader.int32());
      break;
    case 3:
      reader.fail("tensor segments are not supported, expected whole tensors");
      break;
    case 4:
      reader.repeatedFixed(4, fields.fixed, fields.fixedBytes);
      fields.fixedWidth = 4;
      break;
    case 10:
      reader.repeatedFixed(8, fields.fixed, fields.fixedBytes);
      fields.fixedWidth = 8;
      break;
    case 5:
    case 7:
    case 11:
      reader.repeated(fields.varints);
      break;
    case 6:
      reader.append(tensor.strings) = reader.string();
      break;
    case 8:
      tensor.name = reader.string();
      break;
    case 9:
      fields.raw = reader.bytes();
      fields.hasRaw = true;
      break;
    case 13:
      reader.append(fields.externalData) = readPair(reader.message("external data"));
      break;
    case 14:
      fields.external = reader.varint() == 1;
      break;
    default:
      break;
    }
  }
  finish(reader, tensor, fields, source);
}
