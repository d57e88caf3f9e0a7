// Verification on behalf of `tensel compile` and `tensel run`.
#include "tools/tensel/VerifyJob.h"

#include "tools/verify/CompiledRun.h"
#include <cstdio>

namespace tensel::cli {
VerifyJob::VerifyJob(const VerifyFlags &flags, verification::GivenInputs given) : flags(flags) {
  if (!flags.each.empty())
    verifier.emplace(verification::VerifyOptions{.seconds = flags.seconds, .given = std::move(given)});
}

llvm::Error VerifyJob::checkCode(Program &program) {
  return verifier ? cli::checkCode(program, *verifier) : llvm::Error::success();
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
