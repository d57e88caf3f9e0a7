// Reads packages for tools (tensel inspect, tests): all that the metadata says, verified, as plain C++.
#ifndef TENSEL_RUNTIME_PACKAGE_PACKAGEREADER_H
#define TENSEL_RUNTIME_PACKAGE_PACKAGEREADER_H

#include "runtime/package/PackageData.h"

#include <string>

namespace tensel::rt {

/// Verifies the file, hashes included. Returns an empty string, or one line naming the file and what is wrong. Code
/// bytes are not read into CodeData::image.
std::string readPackage(const std::string &path, PackageData &data);

} // namespace tensel::rt
#endif
