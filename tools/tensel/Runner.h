// What can run a program on host tensors: the runtime (a package, or code made by the JIT) or the reference interpreter.
#ifndef TENSEL_TOOLS_TENSEL_RUNNER_H
#define TENSEL_TOOLS_TENSEL_RUNNER_H

#include "tools/tensel/Commands.h"
#include "tools/tensel/Inputs.h"
#include <memory>

namespace tensel::cli {

class Runner {
public:
  virtual ~Runner() = default;
  std::vector<Signature> inputs, outputs;
  /// Symbols whose declared range is one value.
  std::map<std::string, int64_t> fixedSizes;

  /// Takes the inputs, which are in the order of `inputs` and stay with the caller. Returns an empty string or one line.
  virtual std::string prepare(const std::vector<HostTensor> &tensors) = 0;
  virtual std::string run() = 0;
  /// Before another run: the states are what `prepare` was given again.
  virtual void rewind() {}
  /// Copies the outputs of the last run.
  virtual std::string results(std::vector<HostTensor> &tensors) = 0;
  virtual int threads() const { return 1; }
  /// What ran when, as the JSON of Trace.h; "" where there are no kernels.
  virtual std::string profile() const { return ""; }
};

/// Makes the runner that the options ask for; null with `error` set.
std::unique_ptr<Runner> makeRunner(const RunOptions &options, const GivenTensors &given, std::string &error);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_RUNNER_H
