// The part of `tensel inspect` that needs the compiler.
#ifndef TENSEL_TOOLS_TENSEL_INSPECT_H
#define TENSEL_TOOLS_TENSEL_INSPECT_H

#include <string>

namespace tensel::cli {

/// Imports the model and describes it in `text`. Returns an empty string or what is wrong.
std::string inspectModel(const std::string &path, std::string &text);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_INSPECT_H
