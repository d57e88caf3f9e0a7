// Opens what the user names as a model: ONNX or MLIR, imported to the graph dialect.
#ifndef TENSEL_TOOLS_TENSEL_MODELLOADER_H
#define TENSEL_TOOLS_TENSEL_MODELLOADER_H

#include "compiler/Program.h"
#include "mlir/IR/MLIRContext.h"
#include "tools/tensel/HostTensor.h"
#include <map>

namespace tensel::cli {

/// A module with the context that it lives in.
struct LoadedModel {
  LoadedModel();
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<std::string> files; ///< every file that was read
};

/// Imports an .onnx or .mlir file and applies `--shape` options. `integers`: values of integer inputs that the program may be
/// compiled for.
llvm::Expected<std::unique_ptr<LoadedModel>> loadModel(const std::string &path, const std::vector<std::string> &shapes,
                                                       const std::map<std::string, std::vector<int64_t>> &integers = {});

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_MODELLOADER_H
