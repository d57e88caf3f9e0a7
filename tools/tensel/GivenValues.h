// What the values of given inputs say about shapes, before a model is compiled.
#ifndef TENSEL_TOOLS_TENSEL_GIVENVALUES_H
#define TENSEL_TOOLS_TENSEL_GIVENVALUES_H

#include "mlir/IR/BuiltinOps.h"
#include "tools/tensel/Inputs.h"

namespace tensel::cli {

/// Of small integer inputs: what LoadOptions::integers takes.
std::map<std::string, std::vector<int64_t>> integerValues(const GivenTensors &given);

/// Compiles for the given values of those inputs that decide dims which have no other bound.
void fixDecisiveInputs(mlir::ModuleOp module, const GivenTensors &given);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_GIVENVALUES_H
