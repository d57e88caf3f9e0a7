// Holds a result against what was expected.
#ifndef TENSEL_TOOLS_TENSEL_COMPARE_H
#define TENSEL_TOOLS_TENSEL_COMPARE_H

#include "tools/tensel/HostTensor.h"

namespace tensel::cli {

/// An empty string when types and dims are equal and every |found - expected| <= atol + rtol * |expected| (NaN equals NaN; integers
/// and bools are held to the same rule); else one line with the worst element.
std::string compareTensors(const HostTensor &found, const HostTensor &expected, double rtol, double atol);

/// One line: type, and the first elements.
std::string summarize(const HostTensor &tensor);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_COMPARE_H
