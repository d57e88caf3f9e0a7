// The memory plan that -tensel-plan-memory writes down, as the runtime has it.
#ifndef TENSEL_COMPILER_MEMORY_PLANNEDVALUES_H
#define TENSEL_COMPILER_MEMORY_PLANNEDVALUES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "runtime/package/PackageData.h"

namespace tensel {

/// The values of the attribute `tensel.planned_values` in order; none where it is null.
std::vector<rt::PlannedValueData> readPlannedValues(mlir::ArrayAttr values);

} // namespace tensel
#endif // TENSEL_COMPILER_MEMORY_PLANNEDVALUES_H
