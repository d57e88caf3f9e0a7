// Splits a program into pieces (functions of the host program; groups of kernels), whose object files all processors make at once:
//   module -> bytecode of each piece -> per piece and level: parse, kernel phase, LLVM IR, its passes, object
// Bytecode is what crosses threads: every worker has its own MLIR context, every piece its own LLVM context.
#include "compiler/NativeCode.h"

#include "compiler/Diagnostics.h"
#include "compiler/Pipeline.h"
#include "dialects/graph/Graph.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include <atomic>

using namespace mlir;

namespace tensel {
namespace {
/// Few, so that all processors are busy to the end; enough that what every object file costs does not add up.
constexpr size_t kernelsPerGroup = 2;

bool isKernelFunction(Operation &op) { return op.hasAttr("tensel.kernel"); }

/// The names of the module's kernels in order.
SmallVector<std::string> kernelNames(ModuleOp module) {
  SmallVector<std::string> names;
  for (Operation &op : *module.getBody())
    if (isKernelFunction(op))
      names.push_back(SymbolTable::getSymbolName(&op).str());
  return names;
}

/// A new module with the attributes of `module` and copies of the operations that are wanted.
OwningOpRef<ModuleOp> copyModule(ModuleOp module, llvm::function_ref<bool(Operation &)> wanted) {
  OwningOpRef<ModuleOp> copy = ModuleOp::create(module.getLoc());
  (*copy)->setAttrs(module->getAttrs());
  OpBuilder builder = OpBuilder::atBlockEnd(copy->getBody());
  for (Operation &op : *module.getBody())
    if (wanted(op))
      builder.clone(op);
  return copy;
}

std::string toBytecode(ModuleOp module) {
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  (void)writeBytecodeToFile(module, stream);
  return bytes;
}

/// The kernels [begin, end) of a module, with the globals that they may read.
std::string kernelBytecode(ModuleOp module, size_t begin, size_t end) {
  size_t k = 0;
  return toBytecode(*copyModule(module, [&](Operation &op) {
    if (!isKernelFunction(op))
      return !isa<FunctionOpInterface>(op) && !isa<graph::GraphDialect>(op.getDialect());
    size_t index = k++;
    return index >= begin && index < end;
  }));
}

/// Each function that the host module defines, with declarations and constants: they call kernels, not one another.
std::vector<std::string> hostBytecode(ModuleOp host) {
  std::vector<std::string> pieces;
  for (auto function : host.getOps<LLVM::LLVMFuncOp>())
    if (!function.isExternal())
      pieces.push_back(toBytecode(*copyModule(host, [&](Operation &op) {
        auto other = dyn_cast<LLVM::LLVMFuncOp>(op);
        return !other || other == function || other.isExternal();
      })));
  return pieces;
}

/// What other pieces and the runtime may call keeps its name, with the level's suffix; all else is the piece's own.
void setLinkage(llvm::Module &module, const llvm::StringSet<> &shared, const CpuLevel &level) {
  for (llvm::Function &function : module) {
    llvm::StringRef name = function.getName();
    bool isShared = shared.contains(name) || name.starts_with("tensel_entry_");
    if (isShared)
      function.setName(LevelCode::symbol(name, level));
    else if (!function.isDeclaration())
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
    if (isShared && !function.isDeclaration()) {
      function.setLinkage(llvm::GlobalValue::ExternalLinkage);
      function.addFnAttr(llvm::Attribute::NoInline);
    }
  }
}

/// A context of its own, and passes for one level after the other that set themselves up once. All dialects are loaded from the start,
/// so that what came before does not change what is made of a piece.
class Worker {
public:
  explicit Worker(const KernelNeeds &needs) : context(compilerRegistry(), MLIRContext::Threading::DISABLED), needs(needs) {
    context.loadAllAvailableDialects();
  }

  /// Lowers kernels to the LLVM dialect; a host module passes through.
  llvm::Expected<OwningOpRef<ModuleOp>> lower(StringRef bytecode, const CpuLevel &level, PassObserver *observer = nullptr) {
    DiagnosticCollector diagnostics(&context);
    OwningOpRef<ModuleOp> module = parse(bytecode);
    if (!module)
      return diagnostics.takeError("the program could not be read back");
    if (failed(passesFor(level, observer).run(*module)))
      return diagnostics.takeError("a kernel could not be compiled");
    if (observer)
      if (llvm::Error error = observer->verdict())
        return std::move(error);
    return std::move(module);
  }

  OwningOpRef<ModuleOp> parse(StringRef bytecode) { return parseSourceString<ModuleOp>(bytecode, ParserConfig(&context)); }

private:
  PassManager &passesFor(const CpuLevel &level, PassObserver *observer) {
    std::unique_ptr<PassManager> &passes = byLevel[&level];
    if (!passes) {
      passes = std::make_unique<PassManager>(&context);
      buildKernelPhase(*passes, needs, level);
      if (observer)
        observer->attach(*passes);
    }
    return *passes;
  }

  MLIRContext context;
  KernelNeeds needs;
  llvm::SmallDenseMap<const CpuLevel *, std::unique_ptr<PassManager>> byLevel;
};

/// A module in the LLVM dialect -> LLVM IR, optimised -> code by `emit`.
llvm::Error generate(ModuleOp lowered, const llvm::StringSet<> &shared, const CpuLevel &level, Effort effort,
                     llvm::function_ref<llvm::Error(llvm::Module &, llvm::TargetMachine &)> emit) {
  DiagnosticCollector diagnostics(lowered.getContext());
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(level);
  auto prepare = [&](llvm::Module &module) { setLinkage(module, shared, level); };
  llvm::Expected<std::unique_ptr<llvm::Module>> module =
      makeOptimizedModule(lowered, llvmContext, *machine, level, effort, prepare);
  if (!module) {
    std::string reason = llvm::toString(module.takeError());
    return llvm::createStringError(diagnostics.message().empty() ? reason : reason + ": " + diagnostics.message());
  }
  return emit(**module, *machine);
}

llvm::StringSet<> sharedNames(ArrayRef<std::string> kernels) {
  llvm::StringSet<> shared;
  for (const std::string &name : kernels) {
    shared.insert(name);
    shared.insert(name + "_count");
  }
  return shared;
}

/// The whole program in the LLVM dialect: the kernels, lowered, and then what the host module defines.
llvm::Expected<OwningOpRef<ModuleOp>> lowerWhole(Worker &worker, ModuleOp module, ModuleOp host, const CpuLevel &level) {
  llvm::Expected<OwningOpRef<ModuleOp>> whole = worker.lower(kernelBytecode(module, 0, SIZE_MAX), level);
  if (!whole)
    return whole;
  OwningOpRef<ModuleOp> parsedHost = worker.parse(toBytecode(host));
  if (!parsedHost)
    return llvm::createStringError("the host program could not be read back");
  SymbolTable defined(**whole);
  for (Operation &op : llvm::make_early_inc_range(*parsedHost->getBody()))
    if (!defined.lookup(SymbolTable::getSymbolName(&op)))
      op.moveBefore((*whole)->getBody(), (*whole)->getBody()->end());
  return whole;
}
} // namespace

std::string LevelCode::symbol(llvm::StringRef function, const CpuLevel &level) {
  return (function + "__" + level.identifier()).str();
}

llvm::Expected<OwningOpRef<ModuleOp>> makeHostModule(ModuleOp module, PassObserver *observer) {
  DiagnosticCollector diagnostics(module.getContext());
  OwningOpRef<ModuleOp> host = copyModule(module, [](Operation &op) { return !isKernelFunction(op); });
  PassManager passes(module.getContext());
  buildHostPhase(passes);
  if (observer)
    observer->attach(passes);
  if (failed(passes.run(*host)))
    return diagnostics.takeError("the host program could not be compiled");
  if (observer)
    if (llvm::Error error = observer->verdict())
      return std::move(error);
  for (Operation &op : llvm::make_early_inc_range(*host->getBody()))
    if (!isa<LLVM::LLVMDialect>(op.getDialect()))
      op.erase();
  return std::move(host);
}

llvm::Expected<std::vector<LevelCode>> makeNativeCode(ModuleOp module, ModuleOp host, ArrayRef<const CpuLevel *> levels,
                                                      PassObserver *observer) {
  SmallVector<std::string> kernels = kernelNames(module);
  llvm::StringSet<> shared = sharedNames(kernels);
  std::vector<std::string> pieces = hostBytecode(host);
  size_t firstKernels = pieces.size();
  for (size_t k = 0; k < kernels.size(); k += kernelsPerGroup)
    pieces.push_back(kernelBytecode(module, k, k + kernelsPerGroup));

  std::vector<LevelCode> code(levels.size());
  for (auto [l, level] : llvm::enumerate(levels)) {
    code[l].level = level;
    code[l].objects.resize(pieces.size());
    createTargetMachine(*level); // registers the target before threads do
  }
  std::vector<std::pair<size_t, size_t>> tasks; // piece, index of the level
  for (size_t p = 0; p < pieces.size(); ++p)
    for (size_t l = 0; l < levels.size(); ++l)
      tasks.emplace_back(p, l);
  // What takes longest comes first, so that no processor is left alone with it; an observer sees the program's order.
  if (!observer)
    llvm::stable_sort(tasks, [&](auto a, auto b) { return pieces[a.first].size() > pieces[b.first].size(); });

  std::vector<std::string> errors(tasks.size());
  std::vector<int64_t> stacks(tasks.size());
  std::atomic<size_t> next = 0;
  auto work = [&] {
    Worker worker(kernelNeeds(module));
    for (size_t k = next++; k < tasks.size(); k = next++) {
      auto [p, l] = tasks[k];
      PassObserver *watching = runsHere(*levels[l]) ? observer : nullptr;
      llvm::Expected<OwningOpRef<ModuleOp>> lowered = worker.lower(pieces[p], *levels[l], watching);
      Effort effort = p < firstKernels ? Effort::Host : Effort::Kernels;
      const size_t at = l * pieces.size() + p;
      auto emit = [&](llvm::Module &llvmModule, llvm::TargetMachine &machine) -> llvm::Error {
        return emitMeasured(llvmModule, machine, code[l].objects[p]).moveInto(stacks[at]);
      };
      llvm::Error error = lowered ? generate(**lowered, shared, *levels[l], effort, emit) : lowered.takeError();
      if (error)
        errors[at] = llvm::toString(std::move(error));
    }
  };
  llvm::DefaultThreadPool pool(observer ? llvm::hardware_concurrency(1) : llvm::hardware_concurrency());
  for (size_t k = 0; k < std::min<size_t>(pool.getMaxConcurrency(), tasks.size()); ++k)
    pool.async(work);
  pool.wait();
  for (const std::string &error : errors)
    if (!error.empty())
      return llvm::createStringError(error);
  // The pieces before are the host program, which runs on the caller's thread.
  for (size_t l = 0; l < levels.size(); ++l)
    for (size_t p = firstKernels; p < pieces.size(); ++p)
      code[l].stackBytes = std::max(code[l].stackBytes, stacks[l * pieces.size() + p]);
  return std::move(code);
}

llvm::Expected<std::string> makeCodeText(ModuleOp module, ModuleOp host, const CpuLevel &level, CodeKind kind) {
  Worker worker(kernelNeeds(module));
  llvm::Expected<OwningOpRef<ModuleOp>> lowered = lowerWhole(worker, module, host, level);
  if (!lowered)
    return lowered.takeError();
  SmallVector<char, 0> bytes;
  auto emit = [&](llvm::Module &llvmModule, llvm::TargetMachine &machine) { return emitCode(llvmModule, machine, kind, bytes); };
  if (llvm::Error error = generate(**lowered, sharedNames(kernelNames(module)), level, Effort::Kernels, emit))
    return std::move(error);
  return std::string(bytes.begin(), bytes.end());
}

llvm::Expected<std::string> makeDialectText(ModuleOp module, ModuleOp host, const CpuLevel &level) {
  Worker worker(kernelNeeds(module));
  llvm::Expected<OwningOpRef<ModuleOp>> lowered = lowerWhole(worker, module, host, level);
  if (!lowered)
    return lowered.takeError();
  std::string text;
  llvm::raw_string_ostream stream(text);
  (*lowered)->print(stream);
  stream << "\n";
  return text;
}
} // namespace tensel
