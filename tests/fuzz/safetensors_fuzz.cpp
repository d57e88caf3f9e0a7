// libFuzzer target of the safetensors reader and the JSON reader under it: any bytes may be refused, none may crash,
// hang or allocate without bound; the tensors of what is accepted fill the file.
#include "frontend/huggingface/SafeTensors.h"

#include <cstdlib>

using namespace tensel;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string error;
  std::optional<huggingface::SafeTensors> file = huggingface::SafeTensors::read({data, size}, error);
  if (file.has_value() != error.empty())
    abort();
  if (!file)
    return 0;
  uint64_t sum = 0;
  for (const huggingface::Tensor &tensor : file->tensors) {
    if (file->find(tensor.name) != &tensor || tensor.offset > size || tensor.bytes > size - tensor.offset)
      abort();
    sum += tensor.bytes;
  }
  if (sum > size)
    abort();
  return 0;
}
