// LLVM dialect -> LLVM IR, optimised -> object. Runs on any thread: each call has its own contexts and target machine.
#include "compiler/Codegen.h"

#include "compiler/StackUse.h"
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
// LLVM's O3 less what makes no kernel faster, in 60 % of its time. Kernels come canonicalised and without common subexpressions, each in
// one function that calls none of ours, and their loops count i64 in steps that are known. What is kept: registers, invariants,
// unswitched and unrolled loops, redundant loads and stores, vectors.
constexpr llvm::StringLiteral kernelPipeline =
    "function("
    "sroa<modify-cfg>,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,"
    "loop-mssa(licm<no-allowspeculation>,loop-rotate<header-duplication>,licm<allowspeculation>,"
    "simple-loop-unswitch<nontrivial;trivial>),"
    "loop(loop-idiom,loop-deletion,loop-unroll-full),"
    "sroa<modify-cfg>,vector-combine,gvn,bdce,adce,dse,loop-mssa(licm<allowspeculation>),"
    "simplifycfg<hoist-common-insts;sink-common-insts>,instcombine<no-verify-fixpoint>,"
    "float2int,loop(loop-rotate<header-duplication>,loop-deletion),"
    "inject-tli-mappings,loop-vectorize,infer-alignment,loop-load-elim,instcombine<no-verify-fixpoint>,"
    "simplifycfg<hoist-common-insts;sink-common-insts;switch-to-lookup;no-keep-loops;forward-switch-cond>,"
    "slp-vectorizer,vector-combine,loop-unroll<O3>,sroa<preserve-cfg>,infer-alignment,instcombine<no-verify-fixpoint>,"
    "loop-mssa(licm<allowspeculation>),loop-sink,instsimplify,div-rem-pairs,simplifycfg),globaldce";

// Sizes and offsets are computed again for every dispatch; what else there is to gain is not worth a pass over so much code.
constexpr llvm::StringLiteral hostPipeline =
    "function(sroa<modify-cfg>,early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg),globaldce";

void optimize(llvm::Module &module, llvm::TargetMachine &machine, Effort effort) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager passes;
  llvm::cantFail(builder.parsePassPipeline(passes, effort == Effort::Host ? hostPipeline : kernelPipeline));
  passes.run(module, modules);
}
} // namespace

void registerTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
}

llvm::Expected<std::unique_ptr<llvm::Module>> makeOptimizedModule(mlir::ModuleOp module, llvm::LLVMContext &context,
                                                                  llvm::TargetMachine &machine, const CpuLevel &level,
                                                                  Effort effort,
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
  optimize(*result, machine, effort);
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

llvm::Expected<int64_t> emitMeasured(llvm::Module &module, llvm::TargetMachine &machine, llvm::SmallVectorImpl<char> &bytes) {
  StackUse stack(module);
  if (llvm::Error error = emitCode(module, machine, CodeKind::Object, bytes))
    return std::move(error);
  return stack.most();
}
} // namespace tensel
