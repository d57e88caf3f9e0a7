// A file that appears complete or not at all: bytes go to a temporary name in the same directory, which is synced and
// renamed at the end, and removed on any failure.
#ifndef TENSEL_RUNTIME_PACKAGE_ATOMICFILE_H
#define TENSEL_RUNTIME_PACKAGE_ATOMICFILE_H

#include <cstdint>
#include <string>
#include <vector>

namespace tensel::rt {

class AtomicFile {
public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  /// One line naming the file and what failed first; empty while all is well.
  const std::string &error() const { return message; }
  void write(const void *bytes, uint64_t size);
  /// Puts `size` bytes at the file's begin (over what is there) and syncs all to the disk.
  std::string finish(const void *front = nullptr, uint64_t size = 0);
  const std::string &temporaryPath() const { return temporary; }
  /// Gives the file its name. finish() comes first.
  std::string commit();

private:
  void fail(const char *reason);
  void writeFully(const void *bytes, uint64_t size, int64_t offset);
  void flush();

  std::string path, temporary, message;
  std::vector<char> buffer;
  uint64_t written = 0;
  int descriptor = -1;
};

} // namespace tensel::rt
#endif
