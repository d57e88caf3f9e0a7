// Runs a model by the reference interpreter (`--device=reference`).
#ifndef TENSEL_TOOLS_TENSEL_REFERENCERUNNER_H
#define TENSEL_TOOLS_TENSEL_REFERENCERUNNER_H

#include "tools/tensel/ModelLoader.h"
#include "tools/tensel/Runner.h"

namespace tensel::cli {

/// The public function of this name; the first one for "". The error lists those that there are.
llvm::Expected<mlir::func::FuncOp> findFunction(mlir::ModuleOp module, const std::string &name);
/// What a function takes and gives, by its attributes.
std::vector<Signature> inputsOf(mlir::func::FuncOp function);
std::vector<Signature> outputsOf(mlir::func::FuncOp function);
/// Symbols whose range is one value.
std::map<std::string, int64_t> fixedSizesOf(mlir::ModuleOp module);

llvm::Expected<std::unique_ptr<Runner>> makeReferenceRunner(std::unique_ptr<LoadedModel> model, const RunOptions &options);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_REFERENCERUNNER_H
