// Passes under a verifier, one by one and in a process of their own; see Oracle.h.
#include "compiler/verification/Oracle.h"

#include "compiler/Diagnostics.h"
#include "compiler/verification/Isolated.h"
#include "compiler/verification/Reduce.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tensel::verification {
namespace {
constexpr unsigned secondsToHang = 60;
/// A question that is asked hundreds of times must not take long.
constexpr double secondsOfQuestion = 20;

/// What a process tells of a promise: the first letters of the pass that broke it.
struct Told {
  bool isBroken = false;
  char guilty[1000] = {};
};

/// Of the passes that show it, the last one is guilty.
llvm::StringRef guiltyOf(const BrokenPromise &broken) {
  auto passes = splitPasses(broken.pass);
  return passes.empty() ? llvm::StringRef() : passes.back();
}

Told askIsolated(const Case &one, llvm::StringRef passes, const Prepare &prepare) {
  Told told;
  Outcome outcome = runIsolated<Told>(
      [&](Told &answer) {
        std::optional<BrokenPromise> broken = findBroken(one, passes, secondsOfQuestion, prepare);
        if (!broken)
          return;
        llvm::copy(guiltyOf(*broken).take_front(sizeof(answer.guilty) - 1), answer.guilty);
        answer.isBroken = true;
      },
      told, secondsToHang);
  if (outcome.kind != Outcome::Ended)
    told.isBroken = false;
  return told;
}
/// A kernel that is graph ops still, as a function like any other: without the arguments that its results are written to.
void makePlain(Case &one, func::FuncOp kernel) {
  unsigned inputs = kernel.getNumArguments() - std::min(kernel.getNumArguments(), kernel.getNumResults());
  for (unsigned k = kernel.getNumArguments(); k-- > inputs;)
    if (kernel.getArgument(k).use_empty())
      (void)kernel.eraseArgument(k);
  one.inputs.resize(std::min<size_t>(one.inputs.size(), kernel.getNumArguments()));
  kernel->walk([](Operation *op) {
    for (NamedAttribute attribute : llvm::to_vector(op->getDiscardableAttrs()))
      if (attribute.getName() == "graph.dims" || attribute.getName().getValue().starts_with("tensel."))
        op->removeDiscardableAttr(attribute.getName());
  });
}

/// Leaves out what is not needed, from the end on.
void dropPasses(std::string &passes, llvm::function_ref<bool(llvm::StringRef)> isEnough) {
  SmallVector<std::string> list;
  for (llvm::StringRef pass : splitPasses(passes))
    list.push_back(pass.str());
  for (size_t k = list.size(); k-- > 0 && list.size() > 1;) {
    SmallVector<std::string> fewer = list;
    fewer.erase(fewer.begin() + k);
    if (isEnough(llvm::join(fewer, ",")))
      list = fewer;
  }
  passes = llvm::join(list, ",");
}
} // namespace

std::optional<Case> caseOf(const BrokenPromise &broken, MLIRContext *context) {
  ScopedDiagnosticHandler quiet(context, [](Diagnostic &) { return success(); });
  Case one{parseSourceString<ModuleOp>(broken.before, context), broken.inputs};
  auto function = one.module ? one.module->lookupSymbol<func::FuncOp>(broken.function) : func::FuncOp();
  if (!function)
    return std::nullopt;
  function.setPublic();
  bool isKernel = isKernelPart(function);
  if (isKernel)
    makePlain(one, function);
  // The names of a kernel's dims have no ranges.
  if (!keepFunction(one, broken.function) || (isKernel && !makeStatic(one)) || !evaluateBody(one))
    return std::nullopt;
  return one;
}

std::optional<BrokenPromise> findBroken(ModuleOp module, llvm::StringRef passes, VerifyOptions options, const Prepare &prepare) {
  OwningOpRef<ModuleOp> copy(module.clone());
  ScopedDiagnosticHandler quiet(module.getContext(), [](Diagnostic &) { return success(); });
  Verifier verifier(std::move(options));
  llvm::StringRef list = passes;
  if (list.consume_front("builtin.module("))
    list.consume_back(")");
  for (llvm::StringRef pass : splitPasses(list)) {
    PassManager manager(module.getContext());
    if (failed(parsePassPipeline(pass, manager)))
      return std::nullopt;
    verifier.attach(manager);
    if (prepare)
      prepare(manager);
    if (failed(manager.run(*copy)) || verifier.broken())
      break;
  }
  return verifier.broken();
}

std::optional<BrokenPromise> findBroken(const Case &one, llvm::StringRef passes, double seconds, const Prepare &prepare) {
  VerifyOptions options{.seconds = seconds};
  for (auto [k, input] : llvm::enumerate(one.inputs))
    options.given[nameOfArgument(one.function(), k)] = input;
  return findBroken(*one.module, passes, std::move(options), prepare);
}

std::optional<Failure> reducePromise(ModuleOp module, const BrokenPromise &broken, llvm::StringRef passes,
                                     const Prepare &prepare) {
  llvm::StringRef list = passes;
  if (list.consume_front("builtin.module("))
    list.consume_back(")");
  auto isSame = [&](const Case &one, llvm::StringRef by) {
    Told told = askIsolated(one, by, prepare);
    return told.isBroken && guiltyOf(broken).starts_with(told.guilty);
  };
  std::optional<Failure> failure;
  auto attempt = [&](std::optional<Case> one, llvm::StringRef by) {
    if (!failure && one && isSame(*one, by))
      failure = Failure{std::move(*one), by.str(), broken.message};
  };
  attempt(caseOf(broken, module.getContext()), broken.pass);
  attempt(caseOf(broken, module.getContext()), list);
  Case whole{OwningOpRef<ModuleOp>(module.clone()), broken.inputs};
  if (module.lookupSymbol(broken.function) && keepFunction(whole, broken.function))
    attempt(std::move(whole), list);
  if (!failure)
    return std::nullopt;
  failure->failing = reduce(failure->failing, [&](const Case &one) { return isSame(one, failure->passes); });
  dropPasses(failure->passes, [&](llvm::StringRef fewer) { return isSame(failure->failing, fewer); });
  if (std::optional<BrokenPromise> left = findBroken(failure->failing, failure->passes, secondsToHang, prepare))
    failure->message = left->message;
  return failure;
}

BrokenPromise promiseOf(const Failure &failure) {
  func::FuncOp function = failure.failing.function();
  BrokenPromise promise;
  promise.pass = failure.passes;
  promise.message = failure.message;
  promise.function = function.getName();
  promise.inputs = failure.failing.inputs;
  for (unsigned k = 0; k < function.getNumArguments(); ++k)
    promise.inputNames.push_back(nameOfArgument(function, k));
  llvm::raw_string_ostream stream(promise.before);
  failure.failing.module.get().print(stream, OpPrintingFlags().enableDebugInfo());
  return promise;
}
} // namespace tensel::verification
