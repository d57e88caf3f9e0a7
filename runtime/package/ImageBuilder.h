// Turns a shared object, as lld makes it from the compiler's object files, into the flat image of a package: segments
// at page boundaries, relocations resolved to relative ones and imports. Only x86-64. The compiler uses it; programs
// that load packages never see ELF.
//
// Link with: ld.lld -shared -Bsymbolic --build-id=none -z now -z max-page-size=4096 --gc-sections -u ENTRY... in.o
#ifndef TENSEL_RUNTIME_PACKAGE_IMAGEBUILDER_H
#define TENSEL_RUNTIME_PACKAGE_IMAGEBUILDER_H

#include "runtime/package/PackageData.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>

namespace tensel::rt {

class ImageBuilder {
public:
  /// Reads the whole file image, trusting none of it. Returns an empty string or one line: what was found and what
  /// was expected. All imports that the runtime does not have are named at once.
  std::string parse(const void *elf, size_t size);
  /// The image offset of a defined function or object, local ones included when the file has a symbol table.
  std::optional<uint32_t> find(const std::string &symbol) const;

  ImageData image;

private:
  std::map<std::string, uint32_t> symbols;
};

} // namespace tensel::rt
#endif
