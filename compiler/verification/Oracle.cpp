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

Told askIsolated(const Case &one, const Question &ask) {
  Told told;
  Outcome outcome = runIsolated<Told>(
      [&](Told &answer) {
        std::optional<BrokenPromise> broken = ask(one);
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

/// Whether the same pass is guilty.
bool isSame(const Case &one, const BrokenPromise &broken, const Question &ask) {
  Told told = askIsolated(one, ask);
  llvm::StringRef guilty = guiltyOf(broken);
  return told.isBroken && guilty.take_front(sizeof(told.guilty) - 1) == told.guilty;
}

/// The function that shows it, in its module.
std::optional<Case> wholeOf(ModuleOp module, const BrokenPromise &broken) {
  Case whole{OwningOpRef<ModuleOp>(module.clone()), broken.inputs};
  if (!module.lookupSymbol(broken.function) || !keepFunction(whole, broken.function))
    return std::nullopt;
  return whole;
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

GivenInputs givenBy(const Case &one) {
  GivenInputs given;
  for (auto [k, input] : llvm::enumerate(one.inputs))
    given[nameOfArgument(one.function(), k)] = input;
  return given;
}

std::optional<BrokenPromise> findBroken(const Case &one, llvm::StringRef passes, double seconds, const Prepare &prepare) {
  return findBroken(*one.module, passes, {.seconds = seconds, .given = givenBy(one)}, prepare);
}

std::optional<Failure> reducePromise(ModuleOp module, const BrokenPromise &broken, llvm::StringRef passes,
                                     const Prepare &prepare) {
  llvm::StringRef list = passes;
  if (list.consume_front("builtin.module("))
    list.consume_back(")");
  auto by = [&](llvm::StringRef some) -> Question {
    return [&prepare, text = some.str()](const Case &one) { return findBroken(one, text, secondsOfQuestion, prepare); };
  };
  std::optional<Failure> failure;
  auto attempt = [&](const std::optional<Case> &one, llvm::StringRef some) {
    if (one && isSame(*one, broken, by(some)))
      failure = Failure{one->clone(), some.str(), broken.message};
    return failure.has_value();
  };
  std::optional<Case> part = caseOf(broken, module.getContext());
  if (!attempt(part, broken.pass) && !attempt(part, list) && !attempt(wholeOf(module, broken), list))
    return std::nullopt;
  Question ask = by(failure->passes);
  failure->failing = reduce(failure->failing, [&](const Case &one) { return isSame(one, broken, ask); });
  dropPasses(failure->passes, [&](llvm::StringRef fewer) { return isSame(failure->failing, broken, by(fewer)); });
  if (std::optional<BrokenPromise> left = findBroken(failure->failing, failure->passes, secondsToHang, prepare))
    failure->message = left->message;
  return failure;
}

std::optional<Failure> reducePromise(ModuleOp module, const BrokenPromise &broken, const Question &ask) {
  std::optional<Case> one = wholeOf(module, broken);
  auto isShown = [&] { return one && isSame(*one, broken, ask); };
  if (!isShown()) {
    one = caseOf(broken, module.getContext());
    if (!isShown())
      return std::nullopt;
  }
  Failure failure{reduce(*one, [&](const Case &smaller) { return isSame(smaller, broken, ask); }), "", broken.message};
  if (std::optional<BrokenPromise> left = ask(failure.failing))
    failure.message = left->message;
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
