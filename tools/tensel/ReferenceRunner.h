// Runs a model by the reference interpreter (`--device=reference`).
#ifndef TENSEL_TOOLS_TENSEL_REFERENCERUNNER_H
#define TENSEL_TOOLS_TENSEL_REFERENCERUNNER_H

#include "tools/tensel/ModelLoader.h"
#include "tools/tensel/Runner.h"

namespace tensel::cli {

llvm::Expected<std::unique_ptr<Runner>> makeReferenceRunner(std::unique_ptr<LoadedModel> model, const RunOptions &options);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_REFERENCERUNNER_H
