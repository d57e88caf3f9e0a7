// A loaded model: the verified package, the code for this machine, and the tables that the C API hands out. Immutable
// after load, so any number of threads may read it.
#ifndef TENSEL_RUNTIME_SRC_MODEL_H
#define TENSEL_RUNTIME_SRC_MODEL_H

#include "runtime/include/tensel/kernel_abi.h"
#include "runtime/src/CodeImage.h"
#include "runtime/src/MappedPackage.h"

namespace tensel::rt {

namespace fb {
struct Function;
}

struct KernelInfo {
  const char *name;
  int64_t flops, bytes;
};

} // namespace tensel::rt

struct tensel_model {
  tensel::rt::MappedPackage package;
  tensel::rt::CodeImage image;
  const char *level = "";
  tensel::rt::Array<tensel_entry_fn> entries;
  tensel::rt::Array<const void *> weights;
  tensel::rt::Array<tensel_symbol_info> symbols;
  tensel::rt::Array<tensel::rt::KernelInfo> kernels;

  tensel_status_t loadFile(const char *path, tensel::rt::Error &error);
  tensel_status_t loadMemory(const void *data, size_t size, tensel::rt::Error &error,
                             tensel::rt::Hashes hashes = tensel::rt::Hashes::Check);
  tensel_status_t loadStatic(const tensel_static_model &description, tensel::rt::Error &error);

  size_t functionCount() const { return firstTensor.size() ? firstTensor.size() - 1 : 0; }
  const tensel::rt::fb::Function &function(size_t index) const;
  size_t inputCount(size_t function) const { return inputCounts[function]; }
  size_t outputCount(size_t function) const { return firstTensor[function + 1] - firstTensor[function] - inputCounts[function]; }
  const tensel_tensor_info *inputs(size_t function) const { return tensors.data() + firstTensor[function]; }
  const tensel_tensor_info *outputs(size_t function) const { return inputs(function) + inputCounts[function]; }

private:
  tensel_status_t buildTables(tensel::rt::Error &error);
  tensel_status_t loadCode(tensel::rt::Error &error);

  // The inputs, then the outputs of each function.
  tensel::rt::Array<tensel_tensor_info> tensors;
  tensel::rt::Array<uint32_t> firstTensor, inputCounts;
  tensel::rt::Array<int64_t> dims;
  tensel::rt::Array<int32_t> dimSymbols;
};

#endif
