// SHA-256 (FIPS 180-4) for package sections; uses the CPU's SHA instructions where there are some.
#ifndef TENSEL_RUNTIME_PACKAGE_SHA256_H
#define TENSEL_RUNTIME_PACKAGE_SHA256_H

#include <cstddef>
#include <cstdint>

namespace tensel::rt {

class Sha256 {
public:
  Sha256() : Sha256(hasInstructions()) {}
  /// For tests: false takes the portable way.
  explicit Sha256(bool useInstructions);
  void update(const void *data, size_t size);
  /// Ends the message; the object is used up.
  void finish(uint8_t digest[32]);
  static void hash(const void *data, size_t size, uint8_t digest[32]);
  static bool hasInstructions();

private:
  uint32_t state[8];
  uint64_t length = 0;
  uint8_t block[64];
  void (*compress)(uint32_t state[8], const uint8_t *data, size_t blocks);
};

} // namespace tensel::rt
#endif
