// A code image in memory. The bytes are copied to fresh pages, relocated, then protected: no page is ever writable and
// executable. The package has been verified before, so every offset holds.
#ifndef TENSEL_RUNTIME_SRC_CODEIMAGE_H
#define TENSEL_RUNTIME_SRC_CODEIMAGE_H

#include "runtime/include/tensel/kernel_abi.h"
#include "runtime/src/Array.h"
#include "runtime/src/Error.h"

namespace tensel::rt {

namespace fb {
struct CodeObject;
}

class CodeImage {
public:
  CodeImage() = default;
  ~CodeImage();
  CodeImage(const CodeImage &) = delete;
  CodeImage &operator=(const CodeImage &) = delete;

  tensel_status_t load(const fb::CodeObject &object, const uint8_t *section, Error &error);
  const uint8_t *at(uint32_t offset) const { return base + offset; }

private:
  uint8_t *base = nullptr;
  size_t size = 0;
};

} // namespace tensel::rt
#endif
