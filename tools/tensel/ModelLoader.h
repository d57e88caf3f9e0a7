// Opens what the user names as a model: ONNX or MLIR, imported to the graph dialect.
#ifndef TENSEL_TOOLS_TENSEL_MODELLOADER_H
#define TENSEL_TOOLS_TENSEL_MODELLOADER_H

#include "compiler/Program.h"
#include "dialects/graph/SourceNodes.h"
#include "frontend/llm/TextAssets.h"
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
  graph::SourceNodes nodes;       ///< of a model in MLIR none: its lines are
  llm::TextAssets texts;          ///< of a language model, else empty
};

struct LoadOptions {
  std::vector<std::string> shapes; ///< --shape
  /// Values of integer inputs that the program may be compiled for.
  std::map<std::string, std::vector<int64_t>> integers;
  /// Of a language model also the function that gives logits at every position.
  bool score = true;
};

/// The files that say what a model is: the one that is named, or of a folder those of a Hugging Face model, sorted.
std::vector<std::string> modelFiles(const std::string &model);

/// Imports an .onnx or .mlir file, a GGUF file or a Hugging Face folder.
llvm::Expected<std::unique_ptr<LoadedModel>> loadModel(const std::string &path, const LoadOptions &options);

/// Puts a language model's text side into the package, as weights of bytes that no code reads.
void addTexts(rt::PackageWriter &writer, const LoadedModel &model);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_MODELLOADER_H
