// The outside functions that compiled code may call, by name.
#ifndef TENSEL_RUNTIME_SRC_IMPORTS_H
#define TENSEL_RUNTIME_SRC_IMPORTS_H

namespace tensel::rt {

/// The function's address, or null for a name that is not in package/Imports.def.
const void *findImport(const char *name);

} // namespace tensel::rt
#endif
