// tensel-reduce: mlir-reduce with our dialects, and with one reduction more that needs no script: a program on which a pass breaks its
// numeric promise becomes a few ops on small inputs.
//   tensel-reduce model.mlir --passes='tensel-decompose,canonicalize' [--input x=@x.npy] -o small.mlir
//   tensel-reduce model.mlir --compiled                                                    (all passes of the compiler, and the code)
//   tensel-reduce model.mlir -opt-reduction-pass='opt-pass=canonicalize test=./crashes.sh'          (as mlir-reduce does)
#include "compiler/verification/Oracle.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "passes/NumericClass.h"
#include "tools/planted/Planted.h"
#include "tools/verify/CompiledRun.h"
#include "tools/verify/Reproducer.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;
using namespace tensel;

namespace {
namespace cl = llvm::cl;
cl::OptionCategory numeric("Numeric reduction");
cl::opt<std::string> passes("passes", cl::cat(numeric),
                            cl::desc("Reduce what shows that one of these breaks its numeric promise (--verify-each=numeric)"));
cl::opt<bool>
    compiled("compiled", cl::cat(numeric),
             cl::desc("Reduce what shows that a pass of the compiler, or the compiled code, breaks its numeric promise"));
cl::list<std::string> inputs("input", cl::cat(numeric), cl::desc("NAME=@FILE.npy: an input to use; others are generated"));
cl::opt<double> budget("verify-budget", cl::cat(numeric), cl::init(60), cl::desc("Seconds that the first search may take"));
cl::opt<std::string> reproducer("reproducer", cl::cat(numeric), cl::init("tensel-reproducer"),
                                cl::desc("The folder that says how to see the broken promise again"));
cl::opt<std::string> plant("plant", cl::Hidden, cl::desc("Test only: PASS:MISTAKE, see tools/planted"));

struct ReduceNumericPass : PassWrapper<ReduceNumericPass, NumericPass<NumericClass::Lossy, ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ReduceNumericPass)
  StringRef getArgument() const final { return "tensel-reduce-numeric"; }
  StringRef getDescription() const final { return "Reduce by --passes; what this is run by, where they are given"; }

  void runOnOperation() override {
    if (llvm::Error error = reduceModule()) {
      llvm::errs() << "tensel-reduce: error: " << llvm::toString(std::move(error)) << "\n";
      signalPassFailure();
    }
  }

  llvm::Error reduceModule() {
    auto given = cli::readGivenInputs(inputs, "--input");
    if (!given)
      return given.takeError();
    verification::Prepare prepare;
    if (!plant.empty()) {
      auto planted = planted::parse(plant);
      if (!planted)
        return planted.takeError();
      prepare = std::move(*planted);
    }
    OpPassManager parsed(ModuleOp::getOperationName());
    std::string wrong;
    llvm::raw_string_ostream stream(wrong);
    if (failed(parsePassPipeline(passes, parsed, stream)))
      return llvm::createStringError("--passes: " + wrong);
    verification::VerifyOptions how{.seconds = budget, .given = std::move(*given)};
    auto ask = [&](ModuleOp module, verification::VerifyOptions options) {
      OwningOpRef<ModuleOp> copy(module.clone());
      return compiled ? cli::verifyCompiled(*copy, std::move(options), 16, prepare)
                      : verification::findBroken(*copy, passes, std::move(options), prepare);
    };
    auto broken = ask(getOperation(), how);
    if (!broken)
      return llvm::createStringError("no pass of " + (compiled ? "the compiler" : "'" + passes + "'") +
                                     " breaks its promise on these inputs: there is nothing to reduce");
    size_t before = countOps(getOperation());
    verification::Question again = [&](const verification::Case &one) {
      return ask(*one.module, {.seconds = 20, .given = verification::givenBy(one)});
    };
    auto left = compiled ? verification::reducePromise(getOperation(), *broken, again)
                         : verification::reducePromise(getOperation(), *broken, passes, prepare);
    if (!left)
      return llvm::createStringError("nothing smaller than the module shows it: " + broken->message);
    llvm::Expected<std::string> command = cli::writeReproducer(verification::promiseOf(*left), reproducer, plantFlag());
    if (!command)
      return command.takeError();
    llvm::errs() << "tensel-reduce: " << before << " ops became " << left->failing.countOps() << ": " << left->message
                 << "\nto see it again: " << *command << "\n";
    getOperation().getBodyRegion().takeBody(left->failing.module->getBodyRegion());
    return llvm::Error::success();
  }

  /// Of functions, without terminators.
  static size_t countOps(ModuleOp module) {
    size_t count = 0;
    for (auto function : module.getOps<func::FuncOp>())
      function.walk([&](Operation *op) { count += op != function && !op->hasTrait<OpTrait::IsTerminator>(); });
    return count;
  }

  static std::string plantFlag() { return plant.empty() ? "" : "--plant=" + plant; }
};
} // namespace

int main(int argc, char **argv) {
  registerCompilerPasses();
  PassRegistration<ReduceNumericPass>();
  // Cases run in processes of their own.
  MLIRContext context(compilerRegistry(), MLIRContext::Threading::DISABLED);
  std::vector<char *> words(argv, argv + argc);
  auto has = [&](StringRef option) {
    return llvm::any_of(words, [&](char *word) { return StringRef(word).ltrim('-').starts_with(option); });
  };
  if (has("reduction-tree")) {
    // It erases terminators as it does any op (MLIR 22), and clones what is left.
    llvm::errs() << "tensel-reduce: error: found -reduction-tree, expected --passes or -opt-reduction-pass\n";
    return 1;
  }
  std::string flag = "-tensel-reduce-numeric";
  if (has("passes") || has("compiled"))
    words.push_back(flag.data());
  words.push_back(nullptr);
  return failed(mlirReduceMain(static_cast<int>(words.size()) - 1, words.data(), context));
}
