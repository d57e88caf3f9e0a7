// Decodes TensorProto: typed fields, raw bytes and external files all end as
// one little-endian byte range whose length is checked against the shape.
#ifndef TENSEL_FRONTEND_ONNX_TENSOR_H
#define TENSEL_FRONTEND_ONNX_TENSOR_H

#include "frontend/onnx/Model.h"

namespace tensel::onnx {

/// Where tensors of one model find their bytes.
struct TensorSource {
  ReadState &state;
  const MappedFile *file;       // the model file, null when read from memory
  const std::string &directory; // of external data, empty: refused
  std::map<std::string, std::shared_ptr<MappedFile>> &files;
};

/// Reads one TensorProto; errors land in the reader's state.
void readTensor(WireReader reader, TensorProto &tensor, TensorSource &source);

} // namespace tensel::onnx

#endif // TENSEL_FRONTEND_ONNX_TENSOR_H
