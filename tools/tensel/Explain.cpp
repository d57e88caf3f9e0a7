// `tensel explain`: compiles as far as the memory plan and prints what became of the nodes.
#include "tools/tensel/Commands.h"

#include "tools/tensel/Files.h"
#include "tools/tensel/ReportJob.h"
#include "llvm/Support/raw_ostream.h"

namespace tensel::cli {
namespace {
/// Names for the error about one that there is not.
std::string someNames(const report::Report &report) {
  constexpr size_t most = 8;
  std::string names;
  for (size_t k = 0; k < report.nodes.size() && k < most; ++k)
    names += (names.empty() ? "'" : ", '") + report.nodes[k].id + "'";
  return names + (report.nodes.size() > most ? ", ..." : "");
}

llvm::Error explain(const ExplainOptions &options) {
  if (!options.reportJson.empty())
    if (std::string error = checkOutputPath(options.reportJson); !error.empty())
      return llvm::createStringError(error);
  if (std::string error = requireModel(options.model, "'tensel inspect' reads packages"); !error.empty())
    return llvm::createStringError(error);
  llvm::Expected<std::unique_ptr<LoadedModel>> model = loadModel(options.model, {options.shapes, {}});
  if (!model)
    return model.takeError();
  ReportJob job(**model, options.reportJson, /*wanted=*/true);
  PhaseOptions phases{.stopAfter = "plan", .roundedBits = roundedBits(options.quantize), .observer = job.observer()};
  llvm::Expected<std::unique_ptr<Program>> program = Program::create(*(*model)->module, phases);
  if (!program)
    return program.takeError();
  llvm::Expected<report::Report> report =
      job.finish((*program)->module, phases, {options.model, options.quantize, options.shapes});
  if (!report)
    return report.takeError();
  if (options.node.empty()) {
    llvm::outs() << toText(*report);
    return llvm::Error::success();
  }
  std::vector<const report::Node *> nodes = findNodes(*report, options.node);
  if (nodes.empty())
    return llvm::createStringError("'" + options.model + "': found no node '" + options.node + "', expected one such as " +
                                   someNames(*report));
  for (const report::Node *node : nodes)
    llvm::outs() << (node == nodes.front() ? "" : "\n") << toText(*report, *node);
  return llvm::Error::success();
}
} // namespace

int explainCommand(const ExplainOptions &options) {
  llvm::Error error = explain(options);
  return error ? fail(llvm::toString(std::move(error))) : done;
}
} // namespace tensel::cli
