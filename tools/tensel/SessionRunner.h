// Runs programs by the runtime's C API, wherever their code came from.
#ifndef TENSEL_TOOLS_TENSEL_SESSIONRUNNER_H
#define TENSEL_TOOLS_TENSEL_SESSIONRUNNER_H

#include "runtime/package/PackageData.h"
#include "tools/tensel/Runner.h"

namespace tensel::cli {

class SessionRunner : public Runner {
public:
  ~SessionRunner() override;
  /// Loads a package. Each returns an empty string or what is wrong.
  std::string loadFile(const std::string &path, const RunOptions &options);
  /// `owner`: whatever the description's memory belongs to.
  std::string loadStatic(const tensel_static_model *description, std::shared_ptr<void> owner, const RunOptions &options);

  /// Before prepare: a session of the package in this file that states more is refused. Returns an empty string or what is wrong.
  std::string limitMemory(const std::string &path, int64_t bytes);

  std::string prepare(const std::vector<HostTensor> &tensors) override;
  std::string run() override;
  void rewind() override;
  std::string results(std::vector<HostTensor> &tensors) override;
  int threads() const override;
  std::string profile() const override;

private:
  std::string readSignatures(const RunOptions &runOptions);
  std::string checkMemory(const std::vector<tensel_symbol_limit> &limits) const;
  std::string setInputs(const std::vector<HostTensor> &tensors);

  /// An input that runs write: a copy of what was given.
  struct State {
    const HostTensor *given;
    HostTensor tensor;
  };

  std::shared_ptr<void> owner;
  std::vector<State> states;
  tensel_model *model = nullptr;
  tensel_session *session = nullptr;
  int32_t function = 0;
  int threadCount = 0;
  rt::PackageData limited; // read where there is a limit
  int64_t maxMemory = 0;   // 0: any
  bool wantsProfile = false;
};

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_SESSIONRUNNER_H
