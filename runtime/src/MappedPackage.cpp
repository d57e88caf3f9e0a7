// Mapping package files, see MappedPackage.h.
#include "runtime/src/MappedPackage.h"
#include "runtime/package/Format.h"
#include "runtime/package_generated.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tensel::rt;

MappedPackage::~MappedPackage() {
  if (mapping)
    munmap(mapping, mappingSize);
}

/// strerror without its shared buffer.
static const char *describe(int code, char (&buffer)[128]) {
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
  return strerror_r(code, buffer, sizeof buffer);
#else
  return strerror_r(code, buffer, sizeof buffer) == 0 ? buffer : "unknown error";
#endif
}

static tensel_status_t mapFile(const char *path, void *&mapping, size_t &size, Error &error) {
  char text[128];
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return error.set(TENSEL_IO_ERROR, "cannot open: %s", describe(errno, text));
  struct stat status;
  tensel_status_t result = TENSEL_OK;
  if (fstat(descriptor, &status) != 0)
    result = error.set(TENSEL_IO_ERROR, "cannot read its size: %s", describe(errno, text));
  else if (!S_ISREG(status.st_mode))
    result = error.set(TENSEL_IO_ERROR, "not a regular file");
  else if (uint64_t(status.st_size) < sizeof(PackageHeader))
    result = error.set(TENSEL_BAD_PACKAGE, "not a tensel package: found %lld bytes, expected at least %zu",
                       (long long)status.st_size, sizeof(PackageHeader));
  if (result == TENSEL_OK) {
    size = size_t(status.st_size);
    mapping = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (mapping == MAP_FAILED) {
      mapping = nullptr;
      result = error.set(TENSEL_IO_ERROR, "cannot map: %s", describe(errno, text));
    }
  }
  close(descriptor);
  return result;
}

tensel_status_t MappedPackage::openFile(const char *path, Hashes hashes, Error &error) {
  tensel_status_t status = mapFile(path, mapping, mappingSize, error);
  if (status == TENSEL_OK) {
    bytes = static_cast<const uint8_t *>(mapping);
    size = mappingSize;
    status = verifyPackage(bytes, size, hashes, package, error);
  }
  if (status != TENSEL_OK)
    error.prefix(path);
  return status;
}

tensel_status_t MappedPackage::openMemory(const void *data, size_t dataSize, Hashes hashes, Error &error) {
  bytes = static_cast<const uint8_t *>(data);
  size = dataSize;
  if (reinterpret_cast<uintptr_t>(data) % packageAlignment && size) {
    mapping = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
      mapping = nullptr;
      return error.set(TENSEL_OUT_OF_MEMORY, "no memory for a copy of %zu bytes", size);
    }
    mappingSize = size;
    memcpy(mapping, data, size);
    mprotect(mapping, size, PROT_READ);
    bytes = static_cast<const uint8_t *>(mapping);
  }
  return verifyPackage(bytes, size, hashes, package, error);
}

const uint8_t *MappedPackage::section(size_t index) const {
  return bytes + package->sections()->Get(flatbuffers::uoffset_t(index))->offset();
}
