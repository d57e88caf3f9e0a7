// The table behind Imports.h. The functions are declared under names of our own that stand for the C symbols, because
// the C++ headers overload some of them; only their addresses are used.
#include "runtime/src/Imports.h"

#include <cstring>

#define TENSEL_IMPORT(name) extern "C" void tenselImport_##name() __asm__(#name);
#include "runtime/package/Imports.def"

namespace {

struct Import {
  const char *name;
  void (*address)();
};

constexpr Import imports[] = {
#define TENSEL_IMPORT(name) {#name, tenselImport_##name},
#include "runtime/package/Imports.def"
};

} // namespace

const void *tensel::rt::findImport(const char *name) {
  for (const Import &import : imports)
    if (strcmp(import.name, name) == 0)
      return reinterpret_cast<const void *>(import.address);
  return nullptr;
}
