// LLVM dialect -> LLVM IR -> O3 -> object. Runs on any thread: each call has its own contexts and target machine.
#include "compiler/Codegen.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

namespace tensel {
namespace {
void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  tuning.LoopUnrolling = true;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, modules);
}
} // namespace

void registerTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
}

llvm::Expected<std::unique_ptr<llvm::Module>> makeOptimizedModule(mlir::ModuleOp module, llvm::LLVMContext &context,
                                                                  llvm::TargetMachine &machine, const CpuLevel &level,
                                                                  llvm::function_ref<void(llvm::Module &)> prepare) {
  std::unique_ptr<llvm::Module> result = mlir::translateModuleToLLVMIR(module, context, "tensel");
  if (!result)
    return llvm::createStringError("the kernels could not be translated to LLVM IR");
  setTarget(*result, machine, level);
  prepare(*result);
  std::string broken;
  llvm::raw_string_ostream stream(broken);
  if (llvm::verifyModule(*result, &stream))
    return llvm::createStringError("the translated LLVM IR is broken: " + broken);
  optimize(*result, machine);
  return result;
}

llvm::Error emitCode(llvm::Module &module, llvm::TargetMachine &machine, CodeKind kind, llvm::SmallVectorImpl<char> &bytes) {
  llvm::raw_svector_ostream stream(bytes);
  if (kind == CodeKind::LlvmIr) {
    module.print(stream, nullptr);
    return llvm::Error::success();
  }
  llvm::legacy::PassManager passes;
  auto type = kind == CodeKind::Object ? llvm::CodeGenFileType::ObjectFile : llvm::CodeGenFileType::AssemblyFile;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, type))
    return llvm::createStringError("the target machine cannot write this kind of file");
  passes.run(module);
  return llvm::Error::success();
}
} // namespace tensel
