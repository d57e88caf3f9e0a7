// Turns PackageData into the bytes of the package's flatbuffer.
#ifndef TENSEL_RUNTIME_PACKAGE_METADATA_H
#define TENSEL_RUNTIME_PACKAGE_METADATA_H

#include "runtime/package/PackageData.h"

namespace tensel::rt {

std::vector<uint8_t> buildMetadata(const PackageData &data, bool withCode);

} // namespace tensel::rt
#endif
