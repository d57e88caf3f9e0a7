// See ReportJob.h.
#include "tools/tensel/ReportJob.h"

#include "runtime/include/tensel/runtime.h"
#include "tools/tensel/Files.h"
#include "llvm/Support/Path.h"

namespace tensel::cli {

ReportJob::ReportJob(LoadedModel &model, std::string file, bool wanted) : file(std::move(file)) {
  if (wanted || !this->file.empty())
    recorder.emplace(*model.module, model.nodes);
}

llvm::Expected<report::Report> ReportJob::finish(mlir::ModuleOp module, const PhaseOptions &phases, const Settings &settings) {
  if (!recorder)
    return report::Report();
  report::Report report = recorder->finish(module);
  // Without its folder: the same model gives the same report wherever it lies.
  report.model = llvm::sys::path::filename(llvm::StringRef(settings.model).rtrim('/')).str();
  report.compiler = std::string("tensel ") + tensel_version();
  report.options = {"quantize=" + settings.quantize};
  for (const std::string &shape : settings.shapes)
    report.options.push_back("shape=" + shape);
  for (const std::string &pass : passNames(phases))
    report.passes.push_back(pass);
  if (!file.empty()) {
    std::string json = report::toJson(report);
    if (std::string error = writeFile(file, {json}); !error.empty())
      return llvm::createStringError(error);
  }
  return report;
}
} // namespace tensel::cli
