// What a session of a package takes, for `tensel inspect` and for whoever holds it against a limit.
#ifndef TENSEL_TOOLS_TENSEL_MEMORYREPORT_H
#define TENSEL_TOOLS_TENSEL_MEMORYREPORT_H

#include "runtime/package/SessionMemory.h"
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tensel::cli {

/// The declared maxima, or what `--shape SYMBOL=VALUE` says instead. Returns an empty string or one line.
std::string chooseSizes(const rt::PackageData &package, const std::vector<std::string> &shapes, std::vector<int64_t> &sizes);

/// The parts and their sum, the most bytes alive at once with the values that these are, and the same as expressions over the symbols;
/// null where a symbol that matters has no maximum.
nlohmann::ordered_json describeMemory(const rt::PackageData &package, const rt::FunctionData &function,
                                      const std::vector<int64_t> &sizes, int threads);

/// Why a session that states more than `limit` bytes is refused, or an empty string.
std::string refuseMemory(const rt::PackageData &package, const rt::FunctionData &function, const std::vector<int64_t> &sizes,
                         int threads, int64_t limit);

/// The same as lines that begin with two spaces.
std::string memoryText(const nlohmann::ordered_json &memory);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_MEMORYREPORT_H
