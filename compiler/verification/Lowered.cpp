// Passes below the graph dialect: which functions a pass changed, in which form they are by now, and the executor of that form.
#include "compiler/verification/Blame.h"
#include "compiler/verification/HostCode.h"
#include "compiler/verification/KernelCode.h"
#include "compiler/verification/TaskProgram.h"
#include "compiler/verification/Verifier.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using tensel::reference::Tensor;

namespace tensel::verification {
namespace {
constexpr StringLiteral entryPrefix = "tensel_entry_";

SmallVector<FunctionOpInterface> functionsIn(Operation *op) {
  if (auto function = dyn_cast<FunctionOpInterface>(op))
    return {function};
  SmallVector<FunctionOpInterface> functions;
  for (Region &region : op->getRegions())
    llvm::append_range(functions, region.getOps<FunctionOpInterface>());
  return functions;
}

/// A module of its own for a kernel: its parts and what it may read.
OwningOpRef<ModuleOp> isolate(ModuleOp module, StringRef name) {
  OwningOpRef<ModuleOp> copy = ModuleOp::create(module.getLoc());
  OpBuilder b = OpBuilder::atBlockEnd(copy->getBody());
  for (Operation &op : *module.getBody()) {
    auto function = dyn_cast<FunctionOpInterface>(op);
    if (!function ? isa<LLVM::LLVMDialect>(op.getDialect()) || op.getName().getStringRef() == "memref.global"
                  : function.isExternal() || function.getName() == name || function.getName() == (name + "_count").str() ||
                        function.getName() == (name + "_body").str())
      b.clone(op);
  }
  return copy;
}

std::string from(Pass &pass) { return "from '" + pass.getArgument().str() + "' on: "; }

std::string textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, OpPrintingFlags().printGenericOpForm());
  return text;
}

/// The kinds of ops in a kernel, "graph.matmul, graph.relu".
std::string opsOf(const Kernel &kernel) {
  llvm::SetVector<StringRef> names;
  for (Operation &op : func::FuncOp(kernel.function).front().without_terminator())
    if (!op.hasTrait<OpTrait::ConstantLike>())
      names.insert(op.getName().getStringRef());
  return llvm::join(names, ", ");
}
} // namespace

void Verifier::beforeLowered(Operation *op) {
  prints.clear();
  for (FunctionOpInterface function : functionsIn(op))
    prints.try_emplace(function.getName(), OperationFingerPrint(function));
}

void Verifier::afterLowered(Pass &pass, Operation *op) {
  ++loweredPasses;
  std::string text = pipelineOf(pass);
  if (!isa<ModuleOp>(op))
    text = "func.func(" + text + ")";
  // One entry for all functions, and for all levels of a processor, which run the same passes with other options.
  std::string name = pass.getArgument().str();
  auto again = llvm::find_if(history, [&](auto &entry) { return entry.first == name; });
  if (again == history.end())
    history.emplace_back(name, text);
  else
    again->second = text;

  ModuleOp module = moduleOf(op);
  bool hasNewKernels = kernels.learn(module), isHostLowered = false;
  NumericClass promised = numericClassOf(pass).value_or(NumericClass::Exact);
  SmallVector<FunctionOpInterface> changed;
  for (FunctionOpInterface function : functionsIn(op)) {
    auto print = prints.find(function.getName());
    if (print == prints.end() || print->second != OperationFingerPrint(function))
      changed.push_back(function);
  }
  for (Function &state : functions) {
    if (!state.whyNot.empty())
      continue;
    auto entry = module.lookupSymbol<func::FuncOp>(state.name);
    if (entry && entry->hasAttr("tensel.entry") && (hasNewKernels || llvm::is_contained(changed, entry)))
      checkEntry(pass, entry, state);
    if (brokenPromise)
      return;
  }
  llvm::SetVector<StringRef> changedKernels;
  for (FunctionOpInterface function : changed) {
    StringRef kernelName = function.getName();
    isHostLowered |= isa<LLVM::LLVMFuncOp>(function) && kernelName.starts_with(entryPrefix);
    if (!isKernelPart(function) || function.isExternal() || isAllGraph(function))
      continue;
    if (!kernels.find(kernelName) && !kernelName.consume_back("_body"))
      kernelName.consume_back("_count");
    if (kernels.find(kernelName))
      changedKernels.insert(kernelName);
  }
  for (StringRef kernelName : changedKernels) {
    // Every level of a processor starts where kernels are linalg.
    Kernel *kernel = kernels.find(kernelName);
    auto known = llvm::find_if(kernel->passes, [&](auto &entry) { return entry.first == name; });
    kernel->passes.erase(known, kernel->passes.end());
    kernel->passes.emplace_back(name, text);
    checkKernel(pass, promised, module, kernelName, *kernel);
    if (brokenPromise)
      return;
  }
  if (isHostLowered)
    checkHost(pass, module);
}

bool Verifier::isSameByLayers(func::FuncOp function, func::FuncOp entry, const Run &run, const EqualLayers &layers) {
  Evaluation expected = evaluate(function, run.sample.inputs, &layers.before);
  Evaluation found = evaluate(entry, run.sample.inputs, &layers.after);
  return expected.results && found.results && llvm::all_of(llvm::zip(*found.results, *expected.results), [](auto pair) {
           return areSame(std::get<0>(pair), std::get<1>(pair));
         });
}

void Verifier::checkEntry(Pass &pass, func::FuncOp entry, Function &state) {
  auto function = graph->lookupSymbol<func::FuncOp>(state.name);
  EqualLayers layers = layersIn(function, entry, state);
  for (Run &run : state.runs) {
    bool isByLayers = layers.count && isSameByLayers(function, entry, run, layers);
    std::string whyNot = isByLayers ? "" : makeResults(function, run);
    if (!whyNot.empty() || evaluator.isUsedUp()) {
      state.whyNot = whyNot.empty() ? lateFrom(pass) : from(pass) + whyNot;
      return;
    }
    ++state.comparisons;
    state.byLayers += isByLayers;
    if (isByLayers) {
      ++entryRuns;
      continue;
    }
    TaskProgram program(entry, kernels, evaluator.weights);
    llvm::Expected<SmallVector<Tensor>> found = program.run(run.sample.inputs);
    if (!found) {
      std::string error = llvm::toString(found.takeError());
      if (evaluator.isUsedUp()) {
        state.whyNot = lateFrom(pass);
        return;
      }
      return breakLowered(pass, "", entry, run.sample, error, program.blame());
    }
    for (auto [index, result] : llvm::enumerate(*found))
      if (std::string difference = differenceOf(result, (*run.results)[index]); !difference.empty())
        return breakLowered(pass, placeOf(entry, index), entry, run.sample, difference, blameProducer(entry, index));
    ++entryRuns;
  }
}

void Verifier::checkHost(Pass &pass, ModuleOp module) {
  llvm::Expected<HostCode> code = HostCode::make(module, kernels, evaluator.weights);
  std::string broken = code ? "" : llvm::toString(code.takeError());
  for (Function &state : functions) {
    for (Run &run : state.runs) {
      if (!state.whyNot.empty())
        break;
      auto function = graph->lookupSymbol<func::FuncOp>(state.name);
      std::string whyNot = evaluator.isUsedUp() ? usedUp() : makeResults(function, run);
      if (!whyNot.empty()) {
        state.whyNot = from(pass) + whyNot;
        break;
      }
      if (!broken.empty())
        return breakLowered(pass, "", function, run.sample, broken, {"the host program", "", ""});
      llvm::Expected<SmallVector<Tensor>> found = code->run(state.name, run.sample.inputs, *run.results);
      if (!found && evaluator.isUsedUp()) { // in one of its kernels
        llvm::consumeError(found.takeError());
        state.whyNot = lateFrom(pass);
        break;
      }
      if (!found)
        return breakLowered(pass, "", function, run.sample, llvm::toString(found.takeError()), {"the host program", "", ""});
      for (auto [index, result] : llvm::enumerate(*found))
        if (std::string difference = differenceOf(result, (*run.results)[index]); !difference.empty())
          return breakLowered(pass, placeOf(function, index), function, run.sample, difference, blameProducer(function, index));
      ++entryRuns;
    }
  }
}

void Verifier::checkKernel(Pass &pass, NumericClass promised, ModuleOp module, StringRef name, Kernel &kernel) {
  std::string late = lateFrom(pass);
  if (evaluator.isUsedUp()) {
    kernelsNotChecked.try_emplace(name, late);
    return;
  }
  if (kernel.calls.empty())
    chooseSamplesOfKernel(kernel);
  if (kernel.calls.empty())
    return;
  OwningOpRef<ModuleOp> own = isolate(module, name);
  auto [seen, isNew] = seenForms.try_emplace(llvm::xxh3_64bits(llvm::StringRef(textOf(*own))));
  if (!isNew) {
    for (auto [call, results] : llvm::zip(kernel.calls, seen->second))
      call.last = results;
    return;
  }
  for (KernelCall &call : kernel.calls)
    if (!kernels.makeExact(kernel, call)) {
      kernelsNotChecked.try_emplace(name, evaluator.isUsedUp() ? late : "the reference fails in f64");
      return;
    }
  std::optional<llvm::Expected<KernelCode>> code;
  {
    Evaluator::Charge charge(evaluator);
    code.emplace(KernelCode::make(std::move(own), name));
  }
  if (!*code)
    return breakKernel(pass, promised, name, kernel, kernel.calls.front(),
                       "it cannot be made code of any more: " + llvm::toString(code->takeError()));
  ++formsChecked;
  for (KernelCall &call : kernel.calls) {
    std::optional<llvm::Expected<SmallVector<Tensor>>> found;
    {
      Evaluator::Charge charge(evaluator);
      found.emplace((*code)->run(kernel, call));
    }
    if (!*found)
      return breakKernel(pass, promised, name, kernel, call, llvm::toString(found->takeError()));
    checkCall(pass, promised, name, kernel, call, **found);
    if (brokenPromise)
      return;
    call.last = **found;
    seen->second.push_back(**found);
    ++kernelRuns;
  }
}

void Verifier::checkCall(Pass &pass, NumericClass promised, StringRef name, Kernel &kernel, KernelCall &call,
                         ArrayRef<Tensor> found) {
  for (auto [index, result] : llvm::enumerate(found)) {
    if (promised == NumericClass::Exact && call.last) {
      if (std::string difference = differenceOf(result, (*call.last)[index]); !difference.empty())
        return breakKernel(pass, promised, name, kernel, call, difference);
      continue;
    }
    Bound bound(call.results[index], (*call.exact)[index], call.terms);
    if (std::string difference = bound.differenceOf(result); !difference.empty())
      return breakKernel(pass, promised, name, kernel, call, difference);
    kernelShare = std::max(kernelShare, bound.shareOf(result));
  }
}

std::string Verifier::lateFrom(Pass &pass) const { return "from '" + pass.getArgument().str() + "' on: " + usedUp(); }

std::string Verifier::pipelineSoFar(bool needsKernels) const {
  std::string pipeline;
  for (const auto &[name, text] : history) {
    if (needsKernels && &text == &history.back().second &&
        !llvm::any_of(history, [](auto &entry) { return llvm::StringRef(entry.first).starts_with("tensel-lower-kernel"); }))
      pipeline += ",tensel-kernel-pipeline";
    pipeline += (pipeline.empty() ? "" : ",") + text;
  }
  return pipeline;
}

void Verifier::breakLowered(Pass &pass, const std::string &where, func::FuncOp function, const Sample &sample,
                            const std::string &difference, const Blame &blame) {
  bool isHost = !function->hasAttr("tensel.entry");
  breakWith(pipelineSoFar(/*needsKernels=*/isHost), brokenBy(pass, numericClassOf(pass).value_or(NumericClass::Exact)), function,
            *graph, sample, where, difference, blame);
}

void Verifier::breakKernel(Pass &pass, NumericClass promised, StringRef name, Kernel &kernel, const KernelCall &call,
                           const std::string &difference) {
  BrokenPromise promise;
  // The kernel alone shows it, on the inputs of this call, from where it still is graph ops.
  for (const auto &[known, text] : kernel.passes)
    promise.pass += (promise.pass.empty() ? "" : ",") + text;
  promise.function = name;
  promise.inputs = call.inputs;
  llvm::append_range(promise.inputs, call.results);
  for (unsigned k = 0; k < promise.inputs.size(); ++k)
    promise.inputNames.push_back(std::to_string(k));
  promise.message = brokenBy(pass, promised) + "\nkernel '" + name.str() + "' on " + describeTypes(call.inputs) + ": " +
                    difference + "\nmade by " + opsOf(kernel) + (kernel.nodes.empty() ? "" : " at the nodes " + kernel.nodes);
  llvm::raw_string_ostream stream(promise.before);
  kernel.module->print(stream, OpPrintingFlags().enableDebugInfo());
  brokenPromise = std::move(promise);
  onBroken();
}
} // namespace tensel::verification
