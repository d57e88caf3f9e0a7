// ORC at O0; see MachineCode.h.
#include "compiler/verification/MachineCode.h"

#include "compiler/Diagnostics.h"
#include "compiler/targets/Cpu.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Target/TargetMachine.h"
#include <cstdlib>
#include <vector>

using namespace mlir;

namespace tensel::verification {
namespace {
/// What generated code has allocated in the call that runs.
thread_local std::vector<void *> *allocated = nullptr;

void *keptAllocate(size_t alignment, size_t bytes) {
  void *memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory && allocated)
    allocated->push_back(memory);
  return memory;
}
void *keptMalloc(size_t bytes) { return keptAllocate(64, bytes); }
void keptFree(void *) {} // with the others, at the end

} // namespace

MachineCode::MachineCode() = default;
MachineCode::~MachineCode() = default;

llvm::Expected<std::unique_ptr<MachineCode>> MachineCode::make(ModuleOp module,
                                                               llvm::function_ref<void(llvm::Module &)> prepare) {
  const CpuLevel *level = hostCpuLevel();
  if (!level)
    return llvm::createStringError("this processor runs none of the levels");
  createTargetMachine(*level); // registers the target
  auto context = std::make_unique<llvm::LLVMContext>();
  DiagnosticCollector diagnostics(module.getContext());
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, *context, "verified");
  if (!code)
    return llvm::createStringError("it cannot be translated to LLVM IR: " + diagnostics.message());
  auto machine = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!machine)
    return machine.takeError();
  machine->setCodeGenOptLevel(llvm::CodeGenOptLevel::None);
  if (prepare)
    prepare(*code);
  std::string broken;
  llvm::raw_string_ostream stream(broken);
  if (llvm::verifyModule(*code, &stream))
    return llvm::createStringError("its LLVM IR is broken: " + broken);

  std::unique_ptr<MachineCode> result(new MachineCode());
  auto jit = llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(std::move(*machine)).create();
  if (!jit)
    return jit.takeError();
  result->jit = std::move(*jit);
  code->setDataLayout(result->jit->getDataLayout());
  code->setTargetTriple(result->jit->getTargetTriple());
  llvm::orc::JITDylib &dylib = result->jit->getMainJITDylib();
  llvm::orc::SymbolMap known;
  auto define = [&](llvm::StringRef name, void *address) {
    known[result->jit->mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(address), llvm::JITSymbolFlags::Exported};
  };
  define("malloc", reinterpret_cast<void *>(keptMalloc));
  define("aligned_alloc", reinterpret_cast<void *>(keptAllocate));
  define("free", reinterpret_cast<void *>(keptFree));
  if (llvm::Error error = dylib.define(llvm::orc::absoluteSymbols(std::move(known))))
    return std::move(error);
  auto process = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(result->jit->getDataLayout().getGlobalPrefix());
  if (!process)
    return process.takeError();
  dylib.addGenerator(std::move(*process));
  if (llvm::Error error = result->jit->addIRModule(llvm::orc::ThreadSafeModule(std::move(code), std::move(context))))
    return std::move(error);
  return std::move(result);
}

llvm::Expected<void *> MachineCode::find(llvm::StringRef name) {
  auto address = jit->lookup(name);
  if (!address)
    return address.takeError();
  return address->toPtr<void *>();
}

llvm::Error runGuarded(llvm::function_ref<void()> call) {
  std::vector<void *> memory;
  std::vector<void *> *outer = std::exchange(allocated, &memory);
  llvm::CrashRecoveryContext::Enable();
  llvm::CrashRecoveryContext context;
  bool isFine = context.RunSafely(call);
  llvm::CrashRecoveryContext::Disable();
  allocated = outer;
  for (void *one : memory)
    std::free(one);
  return isFine ? llvm::Error::success() : llvm::createStringError("it reads or writes memory that is not its own");
}
} // namespace tensel::verification
