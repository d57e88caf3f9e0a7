// Ties the phases, the native code and the package together.
#include "compiler/Program.h"

#include "compiler/Diagnostics.h"
#include "compiler/PackageEmitter.h"
#include "dialects/graph/Graph.h"
#include "runtime/package/SessionTables.h"

using namespace mlir;

namespace tensel {

llvm::Error setSymbolRanges(ModuleOp module, llvm::ArrayRef<SymbolRange> ranges) {
  for (const SymbolRange &range : ranges) {
    auto symbol = module.lookupSymbol<graph::SymbolOp>(range.symbol);
    if (!symbol) {
      std::string known;
      for (auto other : module.getOps<graph::SymbolOp>())
        known += (known.empty() ? "'" : ", '") + other.getSymName().str() + "'";
      return llvm::createStringError("--shape: found symbol '" + range.symbol + "', expected " +
                                     (known.empty() ? "none: all dims are fixed" : "one of " + known));
    }
    if (range.max < 1)
      return llvm::createStringError("--shape: found " + std::to_string(range.max) + " as the largest '" + range.symbol +
                                     "', expected at least 1");
    symbol.setMin(std::max<int64_t>(range.min, 0));
    symbol.setMax(range.max);
  }
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<Program>> Program::create(ModuleOp module, const PhaseOptions &wanted) {
  PhaseOptions options = wanted;
  auto program = std::make_unique<Program>();
  program->module = module;
  program->observer = options.observer && options.observer->watchesKernels() ? options.observer : nullptr;
  if (llvm::Error error = runSharedPhases(module, program->resolver, options))
    return std::move(error);
  if (!options.stopAfter.empty() && options.stopAfter != "kernel" && options.stopAfter != "llvm")
    return std::move(program);
  llvm::Expected<OwningOpRef<ModuleOp>> host = makeHostModule(module, options.observer);
  if (!host)
    return host.takeError();
  program->host = std::move(*host);
  if (llvm::Error error = addMetadata(program->writer, *program->host, module, program->resolver))
    return std::move(error);
  program->writer.data.compilerVersion = "tensel 0.1.0";
  for (std::string &name : passNames(options))
    program->writer.data.passes.push_back(std::move(name));
  return std::move(program);
}

bool Program::gainsFrom(const CpuLevel &level) {
  if (!level.hasDotProducts)
    return true;
  return module.getOperation()
      ->walk(
          [](Operation *op) { return op->hasTrait<graph::AddsByteProducts>() ? WalkResult::interrupt() : WalkResult::advance(); })
      .wasInterrupted();
}

llvm::Error Program::makeCode(llvm::ArrayRef<const CpuLevel *> levels) {
  llvm::Expected<std::vector<LevelCode>> made = makeNativeCode(module, *host, levels, observer);
  if (!made)
    return made.takeError();
  code = std::move(*made);
  writer.data.kernelStackBytes = 0;
  for (const LevelCode &level : code)
    writer.data.kernelStackBytes = std::max(writer.data.kernelStackBytes, level.stackBytes);
  if (writer.data.kernelStackBytes > rt::mostKernelStackBytes)
    return llvm::createStringError("a kernel takes " + std::to_string(writer.data.kernelStackBytes) +
                                   " bytes of stack, expected at most " + std::to_string(rt::mostKernelStackBytes));
  return llvm::Error::success();
}
} // namespace tensel
