// Splits a program into pieces (the host program; groups of kernels), and makes each piece's object file on a thread of its own:
//   module -> bytecode of each piece -> per piece and level: parse, kernel phase, LLVM IR, O3, object
// Bytecode is what crosses threads: every piece has its own MLIR and LLVM contexts.
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

using namespace mlir;

namespace tensel {
namespace {
/// Few enough that a group compiles fast, enough that the host's work is not repeated too often.
constexpr size_t kernelsPerGroup = 8;

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

/// Lowers kernels to the LLVM dialect in a context of their own; a host module passes through.
llvm::Expected<OwningOpRef<ModuleOp>> lowerPiece(MLIRContext &context, StringRef bytecode, const CpuLevel &level,
                                                 PassObserver *observer = nullptr) {
  DiagnosticCollector diagnostics(&context);
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(bytecode, ParserConfig(&context));
  if (!module)
    return diagnostics.takeError("the program could not be read back");
  PassManager passes(&context);
  buildKernelPhase(passes, *module, level);
  if (observer)
    observer->attach(passes);
  if (failed(passes.run(*module)))
    return diagnostics.takeError("a kernel could not be compiled");
  if (observer)
    if (llvm::Error error = observer->verdict())
      return std::move(error);
  return std::move(module);
}

/// A module in the LLVM dialect -> code.
llvm::Error generate(ModuleOp lowered, const llvm::StringSet<> &shared, const CpuLevel &level, CodeKind kind,
                     SmallVectorImpl<char> &bytes) {
  DiagnosticCollector diagnostics(lowered.getContext());
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(level);
  auto prepare = [&](llvm::Module &module) { setLinkage(module, shared, level); };
  llvm::Expected<std::unique_ptr<llvm::Module>> module = makeOptimizedModule(lowered, llvmContext, *machine, level, prepare);
  if (!module) {
    std::string reason = llvm::toString(module.takeError());
    return llvm::createStringError(diagnostics.message().empty() ? reason : reason + ": " + diagnostics.message());
  }
  return emitCode(**module, *machine, kind, bytes);
}

llvm::Error compilePiece(StringRef bytecode, const llvm::StringSet<> &shared, const CpuLevel &level, SmallVectorImpl<char> &bytes,
                         PassObserver *observer) {
  MLIRContext context(compilerRegistry(), MLIRContext::Threading::DISABLED);
  llvm::Expected<OwningOpRef<ModuleOp>> lowered = lowerPiece(context, bytecode, level, observer);
  if (!lowered)
    return lowered.takeError();
  return generate(**lowered, shared, level, CodeKind::Object, bytes);
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
llvm::Expected<OwningOpRef<ModuleOp>> lowerWhole(MLIRContext &context, ModuleOp module, ModuleOp host, const CpuLevel &level) {
  std::string kernels = kernelBytecode(module, 0, SIZE_MAX);
  llvm::Expected<OwningOpRef<ModuleOp>> whole = lowerPiece(context, kernels, level);
  if (!whole)
    return whole;
  OwningOpRef<ModuleOp> parsedHost = parseSourceString<ModuleOp>(toBytecode(host), ParserConfig(&context));
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
  std::vector<std::string> pieces = {toBytecode(host)};
  for (size_t k = 0; k < kernels.size(); k += kernelsPerGroup)
    pieces.push_back(kernelBytecode(module, k, k + kernelsPerGroup));

  std::vector<LevelCode> code(levels.size());
  std::vector<std::string> errors(levels.size() * pieces.size());
  for (auto [l, level] : llvm::enumerate(levels)) {
    code[l].level = level;
    code[l].objects.resize(pieces.size());
    createTargetMachine(*level); // registers the target before threads do
  }
  llvm::DefaultThreadPool pool(observer ? llvm::hardware_concurrency(1) : llvm::hardware_concurrency());
  for (size_t p = 0; p < pieces.size(); ++p)
    for (size_t l = 0; l < levels.size(); ++l)
      pool.async([&, l, p] {
        if (llvm::Error error =
                compilePiece(pieces[p], shared, *levels[l], code[l].objects[p], runsHere(*levels[l]) ? observer : nullptr))
          errors[l * pieces.size() + p] = llvm::toString(std::move(error));
      });
  pool.wait();
  for (const std::string &error : errors)
    if (!error.empty())
      return llvm::createStringError(error);
  return std::move(code);
}

llvm::Expected<std::string> makeCodeText(ModuleOp module, ModuleOp host, const CpuLevel &level, CodeKind kind) {
  MLIRContext context(compilerRegistry(), MLIRContext::Threading::DISABLED);
  llvm::Expected<OwningOpRef<ModuleOp>> lowered = lowerWhole(context, module, host, level);
  if (!lowered)
    return lowered.takeError();
  SmallVector<char, 0> bytes;
  if (llvm::Error error = generate(**lowered, sharedNames(kernelNames(module)), level, kind, bytes))
    return std::move(error);
  return std::string(bytes.begin(), bytes.end());
}

llvm::Expected<std::string> makeDialectText(ModuleOp module, ModuleOp host, const CpuLevel &level) {
  MLIRContext context(compilerRegistry(), MLIRContext::Threading::DISABLED);
  llvm::Expected<OwningOpRef<ModuleOp>> lowered = lowerWhole(context, module, host, level);
  if (!lowered)
    return lowered.takeError();
  std::string text;
  llvm::raw_string_ostream stream(text);
  (*lowered)->print(stream);
  stream << "\n";
  return text;
}
} // namespace tensel
