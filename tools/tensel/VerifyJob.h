// `--verify-each=numeric` on the command line: a verifier on the passes, the compiled code in the runtime, a report, a reproducer.
#ifndef TENSEL_TOOLS_TENSEL_VERIFYJOB_H
#define TENSEL_TOOLS_TENSEL_VERIFYJOB_H

#include "compiler/Program.h"
#include "tools/tensel/Commands.h"
#include "tools/verify/Reproducer.h"

namespace tensel::cli {

class VerifyJob {
public:
  /// Does nothing when the flags do not ask for it.
  VerifyJob(const VerifyFlags &flags, verification::GivenInputs given);

  /// For PhaseOptions; null when nothing is asked for.
  PassObserver *observer() { return verifier ? &*verifier : nullptr; }
  /// Runs the program's code on the verifier's inputs: every level that this machine has.
  llvm::Error checkCode(Program &program);
  /// Adds a reproducer to an error that the verifier found; prints the report to stderr otherwise.
  llvm::Error finish(llvm::Error error);

private:
  const VerifyFlags &flags;
  std::optional<verification::Verifier> verifier;
};

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_VERIFYJOB_H
