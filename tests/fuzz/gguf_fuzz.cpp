// libFuzzer target of the GGUF reader: any bytes may be refused, none may crash, hang or allocate without bound. What
// is accepted is read to the end: every value of the metadata, the first and last block of every tensor.
#include "frontend/gguf/File.h"

#include <cstdlib>

using namespace tensel;

static uint64_t readAll(gguf::Value value) {
  uint64_t sum = value.asUnsigned().value_or(0) + value.asString().value_or("").size() + value.asBool().value_or(false);
  if (std::optional<gguf::Array> array = value.asArray()) {
    uint64_t count = 0;
    while (std::optional<gguf::Value> element = array->next()) {
      sum += readAll(*element);
      ++count;
    }
    if (count != array->size())
      abort();
  }
  return sum;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string error;
  std::optional<gguf::File> file = gguf::File::read({data, size}, error);
  if (file.has_value() != error.empty())
    abort();
  if (!file)
    return 0;
  uint64_t sum = 0;
  for (const gguf::Entry &entry : file->metadata) {
    sum += readAll(entry.value());
    if (!file->find(entry.key))
      abort();
  }
  for (const gguf::Tensor &tensor : file->tensors) {
    if (file->findTensor(tensor.name) != &tensor)
      abort();
    const uint8_t *first = data + tensor.offset, *last = first + tensor.bytes() - tensor.type->bytes;
    std::array<float, 256> numbers;
    if (const blocks::BlockFormat *format = tensor.type->format) {
      format->dequantize(first, numbers.data());
      format->dequantize(last, numbers.data());
    } else {
      sum += *first + last[tensor.type->bytes - 1];
    }
  }
  // The sum is there so that the reads are.
  asm volatile("" : : "r"(sum));
  return 0;
}
