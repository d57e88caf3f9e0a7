// Verification on behalf of `tensel compile` and `tensel run`.
#include "tools/tensel/VerifyJob.h"

#include "compiler/Jit.h"
#include "tools/verify/CompiledRun.h"
#include <cstdio>

namespace tensel::cli {
VerifyJob::VerifyJob(const VerifyFlags &flags, verification::GivenInputs given) : flags(flags) {
  if (!flags.each.empty())
    verifier.emplace(verification::VerifyOptions{.seconds = flags.seconds, .given = std::move(given)});
}

llvm::Error VerifyJob::checkCode(Program &program) {
  if (!verifier || !runsHere(*program.code.front().level))
    return llvm::Error::success();
  llvm::Expected<std::unique_ptr<JitModel>> jit = JitModel::create(program);
  if (!jit)
    return jit.takeError();
  if (llvm::Error error = verifier->checkMachineCode([&](llvm::StringRef name) { return (*jit)->find(name); }))
    return error;
  return verifier->checkCompiled([&](llvm::StringRef function, llvm::ArrayRef<reference::Tensor> inputs) {
    return runOnce((*jit)->description(), function, inputs);
  });
}

llvm::Error VerifyJob::finish(llvm::Error error) {
  if (!verifier)
    return error;
  if (error)
    return withReproducer(std::move(error), *verifier, flags.reproducer);
  for (const std::string &line : verifier->report())
    std::fprintf(stderr, "tensel: verify: %s\n", line.c_str());
  return llvm::Error::success();
}
} // namespace tensel::cli
