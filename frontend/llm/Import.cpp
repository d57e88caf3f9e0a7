// Chooses the architecture and writes the module's functions; see Import.h.
#include "frontend/llm/Import.h"

#include "frontend/llm/Architecture.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
using namespace tensel;
using namespace tensel::llm;

bool llm::isLlm(StringRef path) { return path.ends_with(".gguf") || llvm::sys::fs::is_directory(path); }

static const Architecture *findArchitecture(const Source &source, std::string &error) {
  std::string wanted = source.architecture(), known;
  for (const Architecture *architecture : architectures())
    for (StringRef name : source.isGguf() ? architecture->gguf : architecture->huggingFace) {
      if (name == wanted)
        return architecture;
      known += (known.empty() ? "" : ", ") + name.str();
    }
  error = (source.isGguf() ? "general.architecture" : "model_type in config.json") + std::string(" is '") +
          wanted.substr(0, 100) + "', expected one of " + known;
  return nullptr;
}

static void erasePassedOver(ModuleOp module) {
  bool changed = true;
  while (changed) {
    changed = false;
    module.walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
      if (op != module && isOpTriviallyDead(op)) {
        op->erase();
        changed = true;
      }
    });
  }
}

static std::string build(ModuleOp module, Source &source, const ImportOptions &options) {
  std::string error;
  const Architecture *architecture = findArchitecture(source, error);
  if (!architecture)
    return error;
  source.names = architecture->names;
  Model model(module, source, options.maxBatch);
  SmallVector<std::pair<StringRef, Mode>> functions;
  if (architecture->encodes)
    functions.push_back({"encode", Mode::Encode});
  if (architecture->decodes) {
    if (options.score)
      functions.push_back({"score", Mode::Score});
    functions.push_back({"prefill", Mode::Prefill});
    functions.push_back({"decode", Mode::Decode});
  }
  for (auto [name, mode] : functions) {
    model.begin(name, mode);
    architecture->build(model);
    model.end();
    if (model.failed())
      return model.error;
  }
  erasePassedOver(module);
  if (options.nodes)
    *options.nodes = model.parts();
  return "";
}

OwningOpRef<ModuleOp> llm::importLlm(MLIRContext &context, StringRef path, const ImportOptions &options) {
  context.loadDialect<graph::GraphDialect, func::FuncDialect>();
  std::string error;
  std::unique_ptr<Source> source = path.ends_with(".gguf") ? openGguf(path.str(), error) : openHuggingFace(path.str(), error);
  if (!source) {
    emitError(UnknownLoc::get(&context), error);
    return {};
  }
  OwningOpRef<ModuleOp> module = ModuleOp::create(NameLoc::get(StringAttr::get(&context, path)));
  {
    // Shape inference and verifiers report on their own; all of it becomes one error.
    std::string inner;
    ScopedDiagnosticHandler capture(&context, [&](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == DiagnosticSeverity::Error && inner.empty())
        inner = diagnostic.str();
      return success();
    });
    error = build(*module, *source, options);
    if (error.empty() && failed(verify(*module)))
      error = "the imported module is wrong";
    if (!error.empty() && !inner.empty())
      error += ": " + inner;
  }
  if (error.empty())
    return module;
  emitError(UnknownLoc::get(&context), path + ": " + error);
  return {};
}
