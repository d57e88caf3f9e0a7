// The bytes of a package, mapped or borrowed, and the proof that they are sound: everything reads the metadata of an
// open MappedPackage without checking again.
#ifndef TENSEL_RUNTIME_SRC_MAPPEDPACKAGE_H
#define TENSEL_RUNTIME_SRC_MAPPEDPACKAGE_H

#include "runtime/src/Error.h"

#include <cstddef>
#include <cstdint>

namespace tensel::rt {

namespace fb {
struct Package;
}

/// Whether section bytes are held against their hashes.
enum class Hashes { Check, Skip };

class MappedPackage {
public:
  MappedPackage() = default;
  ~MappedPackage();
  MappedPackage(const MappedPackage &) = delete;
  MappedPackage &operator=(const MappedPackage &) = delete;

  /// Maps a file read only and verifies it. Messages name the path.
  tensel_status_t openFile(const char *path, Hashes hashes, Error &error);
  /// Borrows the bytes if they are 64-byte aligned, else copies them; verifies them.
  tensel_status_t openMemory(const void *data, size_t size, Hashes hashes, Error &error);

  const fb::Package &metadata() const { return *package; }
  /// The first byte of a section.
  const uint8_t *section(size_t index) const;
  size_t fileSize() const { return size; }

private:
  const uint8_t *bytes = nullptr;
  size_t size = 0;
  void *mapping = nullptr;
  size_t mappingSize = 0;
  const fb::Package *package = nullptr;
};

/// Checks every byte and every relation in `bytes` (64-byte aligned) and finds the metadata. Time is linear in size
/// whatever the bytes say, memory is at most a few times the metadata's size.
tensel_status_t verifyPackage(const uint8_t *bytes, size_t size, Hashes hashes, const fb::Package *&package, Error &error);

} // namespace tensel::rt
#endif
