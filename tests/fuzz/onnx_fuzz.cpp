// libFuzzer target of the ONNX reader: any bytes may be refused, none may
// crash, hang or allocate without bound. Seeds lie in onnx_seeds/.
#include "frontend/onnx/Model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string error;
  auto model = tensel::onnx::readModelBytes({data, size}, "", error);
  if (model.has_value() != error.empty())
    __builtin_trap();
  return 0;
}
