// What `tensel inspect` says of a model that is not compiled: its signature, weights and ops.
#include "tools/tensel/Inspect.h"

#include "dialects/graph/Graph.h"
#include "tools/tensel/ModelLoader.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

namespace tensel::cli {

std::string inspectModel(const std::string &path, std::string &text) {
  llvm::Expected<std::unique_ptr<LoadedModel>> model = loadModel(path, LoadOptions());
  if (!model)
    return llvm::toString(model.takeError());
  mlir::ModuleOp module = *(*model)->module;
  llvm::raw_string_ostream out(text);
  for (auto symbol : module.getOps<graph::SymbolOp>()) {
    out << "symbol " << symbol.getSymName() << ": " << symbol.getMin() << "..";
    if (symbol.getMax() >= 0)
      out << symbol.getMax();
    out << " step " << symbol.getStep() << "\n";
  }
  std::map<std::string, int> ops;
  for (auto function : module.getOps<mlir::func::FuncOp>()) {
    out << "function " << function.getName() << "\n";
    for (auto [k, type] : llvm::enumerate(function.getArgumentTypes()))
      out << "  input  " << function.getArgAttr(k, "graph.name") << " " << type << "\n";
    for (auto [k, type] : llvm::enumerate(function.getResultTypes()))
      out << "  output " << function.getResultAttr(k, "graph.name") << " " << type << "\n";
    function.walk([&](mlir::Operation *op) { ++ops[op->getName().getStringRef().str()]; });
  }
  int64_t weights = 0;
  uint64_t bytes = 0;
  for (auto weight : module.getOps<graph::WeightOp>()) {
    ++weights;
    bytes += weight.getLength();
  }
  out << "weights: " << weights << ", " << bytes << " bytes\n";
  for (const auto &[name, count] : ops)
    out << "  " << name << ": " << count << "\n";
  return "";
}
} // namespace tensel::cli
