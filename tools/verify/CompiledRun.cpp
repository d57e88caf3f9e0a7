// One run of compiled code; see CompiledRun.h.
#include "tools/verify/CompiledRun.h"

#include "compiler/Jit.h"
#include "tools/tensel/SessionRunner.h"
#include "tools/verify/Reproducer.h"
#include "llvm/ADT/SmallVectorExtras.h"

namespace tensel::cli {

llvm::Expected<const CpuLevel *> levelToRun() {
  const CpuLevel *level = hostCpuLevel();
  if (const char *wanted = getenv("TENSEL_CPU_LEVEL"); wanted && findCpuLevel(wanted))
    level = findCpuLevel(wanted);
  if (!level)
    return llvm::createStringError("this machine lacks the instructions of x86-64-v3 (AVX2, FMA), which compiled code needs");
  return level;
}

llvm::Expected<llvm::SmallVector<reference::Tensor>> runOnce(const tensel_static_model *model, llvm::StringRef function,
                                                             llvm::ArrayRef<reference::Tensor> inputs) {
  RunOptions options;
  options.function = function.str();
  SessionRunner runner;
  std::vector<HostTensor> tensors(inputs.size()), results;
  for (auto [input, tensor] : llvm::zip_equal(inputs, tensors))
    if (!toHost(input, tensor))
      return llvm::createStringError("not enough memory");
  std::string error = runner.loadStatic(model, nullptr, options);
  if (error.empty())
    error = runner.prepare(tensors);
  if (error.empty())
    error = runner.run();
  if (error.empty())
    error = runner.results(results);
  if (!error.empty())
    return llvm::createStringError("the compiled function '" + options.function + "' does not run: " + error);
  return llvm::map_to_vector(results, toReference);
}

/// A program for the level to run.
static llvm::Expected<std::unique_ptr<Program>> compileHere(mlir::ModuleOp module, const PhaseOptions &options) {
  llvm::Expected<const CpuLevel *> level = levelToRun();
  if (!level)
    return level.takeError();
  llvm::Expected<std::unique_ptr<Program>> program = Program::create(module, options);
  if (!program)
    return program;
  if (llvm::Error error = (*program)->makeCode({*level}))
    return std::move(error);
  return program;
}

llvm::Expected<llvm::SmallVector<reference::Tensor>> runCompiled(mlir::ModuleOp module, llvm::StringRef function,
                                                                 llvm::ArrayRef<reference::Tensor> inputs, int roundedBits) {
  llvm::Expected<std::unique_ptr<Program>> program = compileHere(module, {.roundedBits = roundedBits});
  if (!program)
    return program.takeError();
  llvm::Expected<std::unique_ptr<JitModel>> jit = JitModel::create(**program);
  if (!jit)
    return jit.takeError();
  return runOnce((*jit)->description(), function, inputs);
}

llvm::Error checkCode(Program &program, verification::Verifier &verifier) {
  llvm::Expected<const CpuLevel *> best = levelToRun();
  if (!best)
    return best.takeError();
  for (const LevelCode &code : program.code) {
    if (!runsHere(*code.level) || code.level > *best) // they are in order
      continue;
    llvm::Expected<std::unique_ptr<JitModel>> jit = JitModel::create(program, code);
    if (!jit)
      return jit.takeError();
    if (llvm::Error error = verifier.checkMachineCode(code.level->name, [&](llvm::StringRef name) { return (*jit)->find(name); }))
      return error;
    auto run = [&](llvm::StringRef function, llvm::ArrayRef<reference::Tensor> inputs) {
      return runOnce((*jit)->description(), function, inputs);
    };
    if (llvm::Error error = verifier.checkCompiled(code.level->name, run))
      return error;
  }
  return llvm::Error::success();
}

std::optional<verification::BrokenPromise> verifyCompiled(mlir::ModuleOp module, verification::VerifyOptions options,
                                                          int roundedBits, const verification::Prepare &prepare) {
  class PreparedVerifier : public verification::Verifier {
  public:
    PreparedVerifier(verification::VerifyOptions options, const verification::Prepare &prepare)
        : Verifier(std::move(options)), prepare(prepare) {}
    void attach(mlir::PassManager &manager) override {
      Verifier::attach(manager);
      if (prepare)
        prepare(manager);
    }

  private:
    const verification::Prepare &prepare;
  };
  PreparedVerifier verifier(std::move(options), prepare);
  // What cannot be compiled breaks no promise.
  auto check = [&]() -> llvm::Error {
    llvm::Expected<std::unique_ptr<Program>> program = compileHere(module, {.roundedBits = roundedBits, .observer = &verifier});
    return program ? checkCode(**program, verifier) : program.takeError();
  };
  llvm::consumeError(check());
  return verifier.broken();
}
} // namespace tensel::cli
