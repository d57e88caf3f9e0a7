// Reads and checks a GGUF file; see File.h. Sizes are checked before they are
// multiplied, counts against the bytes that are left before anything is made.
#include "frontend/gguf/File.h"

#include <algorithm>

using namespace tensel;
using namespace tensel::gguf;

static constexpr uint64_t maxAlignment = uint64_t(1) << 20;
static constexpr int64_t maxElements = int64_t(1) << 48;
// The smallest entry: a key of one byte and a value of one. The smallest tensor: a name of one byte and one dim.
static constexpr uint64_t leastEntry = 8 + 1 + 4 + 1, leastTensor = 8 + 1 + 4 + 8 + 4 + 8;

static std::string quoted(std::string_view text) {
  std::string result = "'";
  for (char c : text.substr(0, 100))
    result += static_cast<unsigned char>(c) < 32 || c == 127 ? '?' : c;
  return result + (text.size() > 100 ? "...'" : "'");
}

/// Fills `order` with the positions of `items` sorted by name; the position of a second one of a name, or nothing.
template <typename T, typename Name>
static std::optional<uint32_t> sortByName(const std::vector<T> &items, std::vector<uint32_t> &order, Name name) {
  order.resize(items.size());
  for (uint32_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::sort(order.begin(), order.end(), [&](uint32_t x, uint32_t y) {
    int difference = name(items[x]).compare(name(items[y]));
    return difference ? difference < 0 : x < y;
  });
  for (size_t i = 1; i < order.size(); ++i)
    if (name(items[order[i - 1]]) == name(items[order[i]]))
      return order[i];
  return std::nullopt;
}

template <typename T, typename Name>
static const T *findByName(const std::vector<T> &items, const std::vector<uint32_t> &order, std::string_view wanted, Name name) {
  auto found = std::lower_bound(order.begin(), order.end(), wanted,
                                [&](uint32_t position, std::string_view text) { return name(items[position]) < text; });
  return found != order.end() && name(items[*found]) == wanted ? &items[*found] : nullptr;
}

static std::string_view keyOf(const Entry &entry) { return entry.key; }
static std::string_view nameOf(const Tensor &tensor) { return tensor.name; }

Value Entry::value() const {
  uint32_t type;
  std::memcpy(&type, at, sizeof(type));
  return Value(static_cast<ValueType>(type), at + sizeof(type));
}

std::optional<Value> File::find(std::string_view key) const {
  const Entry *entry = findByName(metadata, byKey, key, keyOf);
  return entry ? std::optional<Value>(entry->value()) : std::nullopt;
}

const Tensor *File::findTensor(std::string_view name) const { return findByName(tensors, byName, name, nameOf); }

const std::string &File::path() const {
  static const std::string none;
  return file ? file->path() : none;
}

void File::readHeader(Reader &reader) {
  const uint8_t *magic = reader.take(4, "magic");
  if (magic && std::memcmp(magic, "GGUF", 4) != 0)
    return reader.fail("not a GGUF file: expected it to begin with 'GGUF'");
  version = reader.number<uint32_t>("version");
  if (!reader.ok())
    return;
  if (version > 0xffff)
    return reader.fail("GGUF file is big endian, expected little endian");
  if (version != 2 && version != 3)
    return reader.fail("GGUF version " + std::to_string(version) + ", expected 2 or 3");
  auto tensorCount = reader.number<uint64_t>("tensor count"), entryCount = reader.number<uint64_t>("metadata count");
  if (!reader.ok())
    return;
  if (entryCount > reader.left() / leastEntry)
    return reader.fail(std::to_string(entryCount) + " metadata entries, found bytes for at most " +
                       std::to_string(reader.left() / leastEntry));
  if (tensorCount > (reader.left() - entryCount * leastEntry) / leastTensor)
    return reader.fail(std::to_string(tensorCount) + " tensors, found bytes for at most " +
                       std::to_string((reader.left() - entryCount * leastEntry) / leastTensor));
  if (std::max(entryCount, tensorCount) > UINT32_MAX)
    return reader.fail(std::to_string(std::max(entryCount, tensorCount)) + " entries, expected fewer than 2^32");
  readMetadata(reader, entryCount);
  if (!reader.ok())
    return;
  tensors.resize(tensorCount);
  for (Tensor &tensor : tensors)
    if (readTensor(reader, tensor); !reader.ok())
      return;
  if (auto second = sortByName(tensors, byName, nameOf))
    return reader.fail("tensor " + quoted(tensors[*second].name) + " is listed twice");
  place(reader);
}

void File::readMetadata(Reader &reader, uint64_t count) {
  metadata.resize(count);
  for (Entry &entry : metadata) {
    entry.key = reader.string("metadata key");
    if (reader.ok() && entry.key.empty())
      return reader.fail("metadata key is empty");
    entry.at = reader.position();
    auto type = reader.number<uint32_t>("value type");
    if (reader.ok() && !valueTypeName(type))
      return reader.fail("metadata " + quoted(entry.key) + " has value type " + std::to_string(type) + ", expected 0 to 12");
    skipValue(reader, type);
    if (!reader.ok())
      return;
  }
  if (auto second = sortByName(metadata, byKey, keyOf))
    return reader.fail("metadata key " + quoted(metadata[*second].key) + " is there twice");
  if (std::optional<Value> value = find("general.alignment")) {
    std::optional<uint64_t> found = value->asUnsigned();
    if (!found || *found == 0 || *found > maxAlignment || (*found & (*found - 1)))
      return reader.fail("general.alignment is " + (found ? std::to_string(*found) : std::string("not an unsigned integer")) +
                         ", expected a power of two up to " + std::to_string(maxAlignment));
    alignment = *found;
  }
}

void File::readTensor(Reader &reader, Tensor &tensor) {
  tensor.name = reader.string("tensor name");
  tensor.rank = reader.number<uint32_t>("tensor rank");
  if (!reader.ok())
    return;
  std::string who = "tensor " + quoted(tensor.name);
  if (tensor.name.empty())
    return reader.fail("tensor name is empty");
  if (tensor.rank < 1 || tensor.rank > tensor.dims.size())
    return reader.fail(who + " has " + std::to_string(tensor.rank) + " dims, expected 1 to 4");
  tensor.dims.fill(1);
  int64_t count = 1;
  for (uint32_t d = 0; d < tensor.rank; ++d) {
    tensor.dims[d] = reader.number<int64_t>("tensor dim");
    if (!reader.ok())
      return;
    if (tensor.dims[d] < 1)
      return reader.fail(who + " has a dim of " + std::to_string(tensor.dims[d]) + ", expected at least 1");
    if (__builtin_mul_overflow(count, tensor.dims[d], &count) || count > maxElements)
      return reader.fail(who + " has more than 2^48 elements");
  }
  auto number = reader.number<uint32_t>("tensor type");
  tensor.offset = reader.number<uint64_t>("tensor offset");
  if (!reader.ok())
    return;
  tensor.type = findTensorType(number);
  if (!tensor.type)
    return reader.fail(
        who + " has type " + std::to_string(number) +
        ", which is not supported (known: f32, f16, bf16, f64, i8 to i64, q4_0, q4_1, q5_0, q5_1, q8_0, q2_k to q6_k, "
        "iq4_nl, mxfp4)");
  if (tensor.dims[0] % tensor.type->elements)
    return reader.fail(who + " has rows of " + std::to_string(tensor.dims[0]) + " elements, expected a multiple of " +
                       std::to_string(tensor.type->elements) + " for " + std::string(tensor.type->name));
}

/// Makes offsets count from the start of the file and holds every tensor to the file and to its neighbours.
void File::place(Reader &reader) {
  dataOffset = (reader.offset() + alignment - 1) / alignment * alignment;
  if (tensors.empty())
    return;
  if (dataOffset > content.size())
    return reader.fail("tensor data begins at byte " + std::to_string(dataOffset) + " of a file of " +
                       std::to_string(content.size()));
  uint64_t room = content.size() - dataOffset;
  for (Tensor &tensor : tensors) {
    std::string who = "tensor " + quoted(tensor.name);
    if (tensor.offset % alignment)
      return reader.fail(who + " has offset " + std::to_string(tensor.offset) + ", expected a multiple of " +
                         std::to_string(alignment));
    if (tensor.offset > room || tensor.bytes() > room - tensor.offset)
      return reader.fail(who + " takes " + std::to_string(tensor.bytes()) + " bytes at offset " + std::to_string(tensor.offset) +
                         " of the data, which has " + std::to_string(room));
    tensor.offset += dataOffset;
  }
  std::vector<uint32_t> order(tensors.size());
  for (uint32_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::sort(order.begin(), order.end(), [&](uint32_t x, uint32_t y) { return tensors[x].offset < tensors[y].offset; });
  for (size_t i = 1; i < order.size(); ++i) {
    const Tensor &before = tensors[order[i - 1]], &after = tensors[order[i]];
    if (before.bytes() > after.offset - before.offset)
      return reader.fail("tensors " + quoted(before.name) + " and " + quoted(after.name) + " overlap: the first takes " +
                         std::to_string(before.bytes()) + " bytes from byte " + std::to_string(before.offset) +
                         ", the second begins at byte " + std::to_string(after.offset));
  }
}

std::optional<File> File::read(Bytes bytes, std::string &error) {
  File result;
  result.content = bytes;
  Reader reader(bytes, error);
  result.readHeader(reader);
  return reader.ok() ? std::optional<File>(std::move(result)) : std::nullopt;
}

std::optional<File> File::open(const std::string &path, std::string &error) {
  std::shared_ptr<MappedFile> file = MappedFile::open(path, error);
  if (!file)
    return std::nullopt;
  std::optional<File> result = read(file->bytes(), error);
  if (!result)
    error = path + ": " + error;
  else
    result->file = std::move(file);
  return result;
}
