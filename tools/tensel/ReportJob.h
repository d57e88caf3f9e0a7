// `--report-json` and `explain` on the command line: a recorder on the passes, and where its report goes.
#ifndef TENSEL_TOOLS_TENSEL_REPORTJOB_H
#define TENSEL_TOOLS_TENSEL_REPORTJOB_H

#include "compiler/Program.h"
#include "compiler/report/Recorder.h"
#include "tools/tensel/ModelLoader.h"

namespace tensel::cli {

class ReportJob {
public:
  /// Does nothing when `file` is empty and nobody `wants` the report. `model` is as loaded, and lives longer.
  ReportJob(LoadedModel &model, std::string file, bool wanted = false);

  /// For PhaseOptions; null when nothing is asked for.
  PassObserver *observer() { return recorder ? &*recorder : nullptr; }

  struct Settings {
    std::string model, quantize;
    std::vector<std::string> shapes;
  };
  /// Makes the report of a program that passed the shared phases, and writes the file.
  llvm::Expected<report::Report> finish(mlir::ModuleOp module, const PhaseOptions &phases, const Settings &settings);

private:
  std::string file;
  std::optional<report::Recorder> recorder;
};

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_REPORTJOB_H
