// The importer of language models: a GGUF file or a Hugging Face folder becomes a module in the graph dialect with the
// functions `prefill` and `decode` over explicit state (docs/decisions/0004), or `encode` for encoders.
#ifndef TENSEL_FRONTEND_LLM_IMPORT_H
#define TENSEL_FRONTEND_LLM_IMPORT_H

#include "dialects/graph/SourceNodes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace tensel::llm {

struct ImportOptions {
  /// Also a function `score`: logits at every position, for perplexity and tests.
  bool score = false;
  int64_t maxBatch = 8;
  /// Where to list the model's parts.
  graph::SourceNodes *nodes = nullptr;
};

/// Whether `path` is a folder or names a GGUF file.
bool isLlm(llvm::StringRef path);

/// Loads the dialects it needs into `context`. Null after exactly one error diagnostic.
mlir::OwningOpRef<mlir::ModuleOp> importLlm(mlir::MLIRContext &context, llvm::StringRef path, const ImportOptions &options = {});

} // namespace tensel::llm

#endif // TENSEL_FRONTEND_LLM_IMPORT_H
