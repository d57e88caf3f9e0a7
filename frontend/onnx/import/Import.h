// The ONNX importer: an ONNX file becomes a module in the graph dialect with
// one function `main`. Everything later works on that module only.
#ifndef TENSEL_FRONTEND_ONNX_IMPORT_IMPORT_H
#define TENSEL_FRONTEND_ONNX_IMPORT_IMPORT_H

#include "dialects/graph/SourceNodes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <map>
#include <string>
#include <vector>

namespace tensel::onnx {

struct ImportOptions {
  /// Tensors up to this many bytes become graph.constant, larger ones graph.weight.
  uint64_t constantBytes = 1024;
  /// Values of integer inputs by name, row-major. Where an op needs a constant or a shape and finds
  /// such an input, the program is compiled for this value and the argument carries it as
  /// `graph.value`: whoever runs the program must pass the same. Other uses stay dynamic.
  std::map<std::string, std::vector<int64_t>> inputValues;
  /// Where to list the model's nodes.
  graph::SourceNodes *nodes = nullptr;
};

/// Loads the dialects it needs into `context`. Null after exactly one error
/// diagnostic; all unsupported ops of a model are listed in one.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(mlir::MLIRContext &context, llvm::StringRef path, const ImportOptions &options = {});

} // namespace tensel::onnx

#endif // TENSEL_FRONTEND_ONNX_IMPORT_IMPORT_H
