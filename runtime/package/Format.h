// The fixed part of a .tensel file: its header. Shared by the writer and the verifier; the rest is
// include/tensel/package.fbs. Every byte of a package is either checked by value (header, gaps) or hashed.
#ifndef TENSEL_RUNTIME_PACKAGE_FORMAT_H
#define TENSEL_RUNTIME_PACKAGE_FORMAT_H

#include <cstddef>
#include <cstdint>

namespace tensel::rt {

inline constexpr char packageMagic[8] = {'T', 'E', 'N', 'S', 'E', 'L', '\0', '\1'};
inline constexpr uint32_t packageFormatVersion = 3;
inline constexpr uint64_t packageAlignment = 64;

/// Little-endian, at offset 0. fbOffset + fbSize == fileSize.
struct PackageHeader {
  char magic[8];
  uint32_t version;
  uint32_t headerBytes;
  uint64_t fbOffset;
  uint64_t fbSize;
  uint64_t fileSize;
  uint8_t fbSha256[32];
  uint8_t zero[56];
};
static_assert(sizeof(PackageHeader) == 128);

enum class SectionKind : uint8_t { Weights = 1, Code = 2 };

/// Memory protection bits of an image segment.
inline constexpr uint32_t protRead = 1, protWrite = 2, protExecute = 4;
inline constexpr uint64_t imagePage = 4096;
/// Images are addressed by 32-bit offsets.
inline constexpr uint64_t maxImageBytes = uint64_t(1) << 31;
/// The planner is quadratic; a package may not ask for more than this.
inline constexpr size_t maxPlannedValues = size_t(1) << 16;

/// The next multiple of 64, or 0 when there is none.
constexpr uint64_t alignPackageOffset(uint64_t offset) { return (offset + packageAlignment - 1) & ~(packageAlignment - 1); }

} // namespace tensel::rt
#endif
