// A safetensors file: a JSON header that names tensors, then their bytes. All of
// it is checked when it is read; the bytes stay where they are.
#ifndef TENSEL_FRONTEND_HUGGINGFACE_SAFETENSORS_H
#define TENSEL_FRONTEND_HUGGINGFACE_SAFETENSORS_H

#include "frontend/common/MappedFile.h"

#include <optional>
#include <string_view>
#include <vector>

namespace tensel::huggingface {

/// An element type of the format that the graph dialect has too.
struct DType {
  std::string_view name; ///< "F32", "BF16", ...
  unsigned bytes;
};

struct Tensor {
  std::string name;
  const DType *type = nullptr;
  std::vector<int64_t> dims;
  uint64_t offset = 0, bytes = 0; ///< from the start of the file
};

class SafeTensors {
public:
  /// Empty with `error` set (one line that says what was found and expected) when anything is wrong.
  static std::optional<SafeTensors> read(Bytes bytes, std::string &error);
  static std::optional<SafeTensors> read(std::shared_ptr<MappedFile> file, std::string &error);

  const Tensor *find(std::string_view name) const;
  /// Sorted by name.
  std::vector<Tensor> tensors;
  /// Keeps the bytes mapped; null when they are the caller's.
  std::shared_ptr<MappedFile> file;
};

} // namespace tensel::huggingface

#endif // TENSEL_FRONTEND_HUGGINGFACE_SAFETENSORS_H
