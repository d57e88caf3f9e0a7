// Reads and checks a safetensors header; see SafeTensors.h.
#include "frontend/huggingface/SafeTensors.h"

#include "frontend/common/Json.h"

#include <algorithm>
#include <cstring>

using namespace tensel;
using namespace tensel::huggingface;

static constexpr uint64_t maxHeader = 100'000'000;
static constexpr size_t maxRank = 16;

static constexpr DType dtypes[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"U16", 2}, {"I16", 2}, {"F16", 2}, {"BF16", 2},
                                   {"U32", 4},  {"I32", 4}, {"F32", 4}, {"U64", 8}, {"I64", 8}, {"F64", 8}};

namespace {
struct Header {
  std::string &error;
  uint64_t dataSize; // bytes after the header
  bool hasFailed = false;

  bool fail(const std::string &text) {
    if (!hasFailed)
      error = text;
    hasFailed = true;
    return false;
  }
  std::optional<uint64_t> size(std::optional<int64_t> number) {
    return number && *number >= 0 ? std::optional<uint64_t>(*number) : std::nullopt;
  }
  bool readShape(const Json &shape, const std::string &who, Tensor &tensor, uint64_t &bytes);
  bool readTensor(const Json &entry, Tensor &tensor);
  bool readMetadata(const Json &entry);
  bool place(std::vector<Tensor> &tensors, uint64_t dataOffset);
};
} // namespace

bool Header::readShape(const Json &shape, const std::string &who, Tensor &tensor, uint64_t &bytes) {
  if (shape.kind() != Json::Kind::Array)
    return fail(who + " has " + shape.kindName() + " as its shape, expected an array");
  bytes = tensor.type->bytes;
  bool isEmpty = false;
  for (JsonItems items(shape); items.next();) {
    std::optional<uint64_t> dim = size(items.value().asInteger());
    if (!dim)
      return fail(who + " has a dim that is no integer of 0 or more");
    if (tensor.dims.size() == maxRank)
      return fail(who + " has more than " + std::to_string(maxRank) + " dims");
    tensor.dims.push_back(static_cast<int64_t>(*dim));
    isEmpty |= *dim == 0;
    if (*dim && __builtin_mul_overflow(bytes, *dim, &bytes))
      return fail(who + " takes more than 2^64 bytes");
  }
  if (isEmpty)
    bytes = 0;
  return true;
}

bool Header::readTensor(const Json &entry, Tensor &tensor) {
  std::string who = "tensor '" + tensor.name.substr(0, 200) + "'";
  if (entry.kind() != Json::Kind::Object)
    return fail(who + " is " + entry.kindName() + ", expected an object");
  std::optional<Json> dtype, shape, offsets;
  for (JsonItems items(entry); items.next();) {
    std::string key = items.key();
    std::optional<Json> *field = key == "dtype" ? &dtype : key == "shape" ? &shape : key == "data_offsets" ? &offsets : nullptr;
    if (!field)
      return fail(who + " has a field '" + key.substr(0, 100) + "', expected dtype, shape and data_offsets");
    if (*field)
      return fail(who + " has the field '" + key + "' twice");
    *field = items.value();
  }
  if (!dtype || !shape || !offsets)
    return fail(who + " has no " + (!dtype ? "dtype" : !shape ? "shape" : "data_offsets"));
  std::string name = dtype->asString().value_or("");
  for (const DType &known : dtypes)
    if (known.name == name)
      tensor.type = &known;
  if (!tensor.type)
    return fail(who + " has dtype '" + name.substr(0, 100) +
                "', expected one of BOOL U8 I8 U16 I16 F16 BF16 U32 I32 F32 U64 I64 F64");
  uint64_t wanted = 0;
  if (!readShape(*shape, who, tensor, wanted))
    return false;
  uint64_t ends[2] = {0, 0};
  unsigned count = 0;
  for (JsonItems items(*offsets); items.next() && count < 3; ++count) {
    std::optional<uint64_t> number = size(items.value().asInteger());
    if (!number)
      return fail(who + " has data_offsets that are no integers of 0 or more");
    if (count < 2)
      ends[count] = *number;
  }
  if (count != 2)
    return fail(who + " has " + (count > 2 ? "more than 2" : std::to_string(count)) + " data_offsets, expected 2");
  if (ends[0] > ends[1] || ends[1] > dataSize)
    return fail(who + " lies at bytes " + std::to_string(ends[0]) + " to " + std::to_string(ends[1]) +
                " of the data, which has " + std::to_string(dataSize));
  if (ends[1] - ends[0] != wanted)
    return fail(who + " has " + std::to_string(ends[1] - ends[0]) + " bytes, expected " + std::to_string(wanted) +
                " for its shape and dtype");
  tensor.offset = ends[0];
  tensor.bytes = wanted;
  return true;
}

bool Header::readMetadata(const Json &entry) {
  if (entry.kind() != Json::Kind::Object)
    return fail(std::string("__metadata__ is ") + entry.kindName() + ", expected an object");
  for (JsonItems items(entry); items.next();)
    if (items.value().kind() != Json::Kind::String)
      return fail(std::string("__metadata__ holds ") + items.value().kindName() + ", expected strings");
  return true;
}

/// No gaps, no overlaps, no two of one name; then offsets count from the start of the file.
bool Header::place(std::vector<Tensor> &tensors, uint64_t dataOffset) {
  std::sort(tensors.begin(), tensors.end(),
            [](const Tensor &x, const Tensor &y) { return x.offset != y.offset ? x.offset < y.offset : x.bytes < y.bytes; });
  uint64_t end = 0;
  for (Tensor &tensor : tensors) {
    if (tensor.offset != end)
      return fail("tensor '" + tensor.name.substr(0, 200) + "' begins at byte " + std::to_string(tensor.offset) +
                  " of the data, expected " + std::to_string(end) + ": there is " +
                  (tensor.offset < end ? "an overlap" : "a gap") + " between tensors");
    end += tensor.bytes;
    tensor.offset += dataOffset;
  }
  if (end != dataSize)
    return fail("tensors end at byte " + std::to_string(end) + " of the data, which has " + std::to_string(dataSize));
  std::sort(tensors.begin(), tensors.end(), [](const Tensor &x, const Tensor &y) { return x.name < y.name; });
  for (size_t i = 1; i < tensors.size(); ++i)
    if (tensors[i - 1].name == tensors[i].name)
      return fail("tensor '" + tensors[i].name.substr(0, 200) + "' is listed twice");
  return true;
}

std::optional<SafeTensors> SafeTensors::read(Bytes bytes, std::string &error) {
  SafeTensors result;
  Header header{error, 0};
  uint64_t length = 0;
  if (bytes.size() < sizeof(length)) {
    header.fail("not a safetensors file: found " + std::to_string(bytes.size()) + " bytes, expected 8 and a header");
    return std::nullopt;
  }
  std::memcpy(&length, bytes.data(), sizeof(length));
  uint64_t room = bytes.size() - sizeof(length);
  if (length > maxHeader || length > room) {
    header.fail("header of " + std::to_string(length) + " bytes, expected at most " + std::to_string(std::min(maxHeader, room)));
    return std::nullopt;
  }
  header.dataSize = room - length;
  std::string_view text(reinterpret_cast<const char *>(bytes.data()) + sizeof(length), length);
  std::optional<Json> json = Json::parse(text, error);
  if (!json) {
    error = "header: " + error;
    return std::nullopt;
  }
  if (json->kind() != Json::Kind::Object) {
    header.fail(std::string("header is ") + json->kindName() + ", expected an object");
    return std::nullopt;
  }
  bool hasMetadata = false;
  for (JsonItems items(*json); items.next();) {
    std::string key = items.key();
    bool ok = false;
    if (key == "__metadata__") {
      ok = hasMetadata ? header.fail("__metadata__ is there twice") : header.readMetadata(items.value());
      hasMetadata = true;
    } else {
      result.tensors.emplace_back().name = std::move(key);
      ok = header.readTensor(items.value(), result.tensors.back());
    }
    if (!ok)
      return std::nullopt;
  }
  if (!header.place(result.tensors, sizeof(length) + length))
    return std::nullopt;
  return result;
}

std::optional<SafeTensors> SafeTensors::read(std::shared_ptr<MappedFile> file, std::string &error) {
  std::optional<SafeTensors> result = read(file->bytes(), error);
  if (!result)
    error = file->path() + ": " + error;
  else
    result->file = std::move(file);
  return result;
}

const Tensor *SafeTensors::find(std::string_view name) const {
  auto found = std::lower_bound(tensors.begin(), tensors.end(), name,
                                [](const Tensor &tensor, std::string_view text) { return tensor.name < text; });
  return found != tensors.end() && found->name == name ? &*found : nullptr;
}
