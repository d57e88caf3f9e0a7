// Chooses the runner: a package as it is; a model through the JIT, or through the interpreter.
#include "tools/tensel/Files.h"
#include "tools/tensel/GivenValues.h"
#include "tools/tensel/MemoryReport.h"
#include "tools/tensel/ModelLoader.h"
#include "tools/tensel/ReferenceRunner.h"
#include "tools/tensel/ReportJob.h"
#include "tools/tensel/SessionRunner.h"
#include "tools/tensel/VerifyJob.h"
#include "tools/verify/CompiledRun.h"

#include "compiler/Jit.h"
#include "dialects/graph/Graph.h"
#include "runtime/package/SessionTables.h"
#include "llvm/Support/Threading.h"

namespace tensel::cli {
namespace {
/// With a limit the program is made for the sizes of the given inputs and no others: the limit is for this run.
void fixGivenSizes(mlir::ModuleOp module, const GivenTensors &given) {
  for (auto func : module.getOps<mlir::func::FuncOp>())
    for (unsigned i = 0; i < func.getNumArguments(); ++i) {
      auto name = func.getArgAttrOfType<mlir::StringAttr>(i, "graph.name");
      auto dims = func.getArgAttrOfType<mlir::ArrayAttr>(i, "graph.dims");
      auto found = name && dims ? given.find(name.str()) : given.end();
      if (found == given.end() || found->second.dims.size() != dims.size())
        continue;
      for (auto [dim, size] : llvm::zip(dims, found->second.dims)) {
        auto symbol = llvm::dyn_cast<mlir::StringAttr>(dim);
        auto op = symbol ? module.lookupSymbol<graph::SymbolOp>(symbol.getValue()) : graph::SymbolOp();
        if (op && size >= static_cast<int64_t>(op.getMin()) &&
            (static_cast<int64_t>(op.getMax()) < 0 || size <= static_cast<int64_t>(op.getMax()))) {
          op.setMin(size);
          op.setMax(size);
        }
      }
    }
}

/// The bytes of --max-memory, if it is given.
llvm::Expected<std::optional<int64_t>> maxMemoryOf(const RunOptions &options) {
  if (options.maxMemory.empty())
    return std::nullopt;
  int64_t bytes = 0;
  if (std::string error = parseBytes(options.maxMemory, "--max-memory", bytes); !error.empty())
    return llvm::createStringError(error);
  return bytes;
}

int threadsOf(const RunOptions &options) {
  return options.threads ? options.threads : static_cast<int>(llvm::hardware_concurrency().compute_thread_count());
}

/// Compiles the module, which it changes; `maxMemory` is for one thread.
llvm::Expected<std::unique_ptr<Program>> compileOnce(const RunOptions &options, LoadedModel &model, const GivenTensors &given,
                                                     const CpuLevel &level, std::optional<int64_t> maxMemory) {
  verification::GivenInputs verified;
  if (!options.verify.each.empty())
    for (const auto &[name, tensor] : given)
      verified[name] = toReference(tensor);
  VerifyJob verify(options.verify, std::move(verified));
  ReportJob report(model, options.reportJson);
  PassObservers observers({verify.observer(), report.observer()});
  PhaseOptions phases{.bitExact = options.bitExact,
                      .roundedBits = roundedBits(options.quantize),
                      .observer = observers.orNull(),
                      .maxMemory = maxMemory};
  llvm::Expected<std::unique_ptr<Program>> program = Program::create(*model.module, phases);
  if (!program)
    return verify.finish(program.takeError());
  if (!options.reportJson.empty())
    if (auto made = report.finish((*program)->module, phases, {options.model, options.quantize, options.shapes}); !made)
      return made.takeError();
  if (llvm::Error error = (*program)->makeCode({&level}))
    return verify.finish(std::move(error));
  if (llvm::Error error = verify.finish(verify.checkCode(**program)))
    return std::move(error);
  return std::move(*program);
}

/// Within a limit for all of the threads. How much their stacks take is known when there is code: where that is too much, the program is
/// made again for what they leave.
llvm::Expected<std::unique_ptr<Program>> compileWithin(const RunOptions &options, LoadedModel &model, const GivenTensors &given,
                                                       const CpuLevel &level, int64_t limit) {
  const int threads = threadsOf(options);
  mlir::OwningOpRef<mlir::ModuleOp> again = model.module->clone();
  for (int64_t kernelStack = 0;;) {
    const int64_t left = std::max<int64_t>(1, limit - rt::workerStacksBytes(kernelStack, threads));
    llvm::Expected<std::unique_ptr<Program>> program = compileOnce(options, model, given, level, left);
    if (!program)
      return program;
    const rt::PackageData &package = (*program)->writer.data;
    std::string refusal;
    for (const rt::FunctionData &function : package.functions)
      if (refusal.empty())
        refusal = refuseMemory(package, function, rt::declaredMaxima(package), threads, limit);
    if (refusal.empty())
      return program;
    if (package.kernelStackBytes <= kernelStack || !again)
      return llvm::createStringError(refusal);
    kernelStack = package.kernelStackBytes;
    program->reset();
    model.module = std::move(again);
  }
}

llvm::Expected<std::unique_ptr<Runner>> compileAndLoad(const RunOptions &options, LoadedModel &model, const GivenTensors &given) {
  llvm::Expected<const CpuLevel *> level = levelToRun();
  if (!level)
    return level.takeError();
  llvm::Expected<std::optional<int64_t>> maxMemory = maxMemoryOf(options);
  if (!maxMemory)
    return maxMemory.takeError();
  if (*maxMemory)
    fixGivenSizes(*model.module, given);
  llvm::Expected<std::unique_ptr<Program>> program = *maxMemory ? compileWithin(options, model, given, **level, **maxMemory)
                                                                : compileOnce(options, model, given, **level, std::nullopt);
  if (!program)
    return program.takeError();
  auto runner = std::make_unique<SessionRunner>();
  llvm::Expected<std::unique_ptr<JitModel>> jit = JitModel::create(**program);
  if (!jit)
    return jit.takeError();
  std::shared_ptr<JitModel> owner = std::move(*jit);
  std::string problem = runner->loadStatic(owner->description(), owner, options);
  if (!problem.empty())
    return llvm::createStringError(problem);
  return std::move(runner);
}

llvm::Expected<std::unique_ptr<Runner>> makeAny(const RunOptions &options, const GivenTensors &given) {
  if (options.reference != "ir" && options.device != "reference")
    return llvm::createStringError("--reference: found '" + options.reference + "' with --device=" + options.device +
                                   ", expected --device=reference");
  bool isPackage = false;
  if (std::string error = detectPackage(options.model, isPackage); !error.empty())
    return llvm::createStringError(error);
  if (!options.verify.each.empty() && (isPackage || options.device == "reference"))
    return llvm::createStringError(isPackage
                                       ? "'" + options.model + "': found a package, expected a model: --verify-each checks passes"
                                       : "--verify-each: found --device=reference, expected cpu: the interpreter runs no pass");
  if (!options.reportJson.empty() && (isPackage || options.device == "reference"))
    return llvm::createStringError(
        isPackage ? "'" + options.model + "': found a package, expected a model: --report-json reports passes"
                  : "--report-json: found --device=reference, expected cpu: the interpreter runs no pass");
  if (isPackage) {
    if (options.device == "reference")
      return llvm::createStringError("'" + options.model +
                                     "': found a package, expected a model: the reference interprets the graph");
    auto runner = std::make_unique<SessionRunner>();
    std::string error = runner->loadFile(options.model, options);
    llvm::Expected<std::optional<int64_t>> maxMemory = maxMemoryOf(options);
    if (!maxMemory)
      return maxMemory.takeError();
    if (*maxMemory && error.empty())
      error = runner->limitMemory(options.model, **maxMemory);
    if (!error.empty())
      return llvm::createStringError(error);
    return std::move(runner);
  }
  llvm::Expected<std::unique_ptr<LoadedModel>> model = loadModel(options.model, {options.shapes, integerValues(given)});
  if (!model)
    return model.takeError();
  if (options.device == "reference" && !options.maxMemory.empty())
    return llvm::createStringError("--max-memory: found --device=reference, expected cpu: the interpreter has no memory plan");
  if (options.device == "reference")
    return makeReferenceRunner(std::move(*model), options);
  fixDecisiveInputs(*(*model)->module, given);
  return compileAndLoad(options, **model, given);
}
} // namespace

std::unique_ptr<Runner> makeRunner(const RunOptions &options, const GivenTensors &given, std::string &error) {
  llvm::Expected<std::unique_ptr<Runner>> runner = makeAny(options, given);
  if (runner)
    return std::move(*runner);
  error = llvm::toString(runner.takeError());
  return nullptr;
}
} // namespace tensel::cli
