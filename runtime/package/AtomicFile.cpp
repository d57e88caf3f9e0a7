// Temporary file, fsync, rename: see AtomicFile.h.
#include "runtime/package/AtomicFile.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tensel::rt;

static constexpr size_t bufferBytes = 1 << 20;

static std::string directoryOf(const std::string &path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

AtomicFile::AtomicFile(std::string target) : path(std::move(target)) {
  static std::atomic<unsigned> counter = 0;
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    message = "cannot write '" + path + "': it exists and is not a regular file";
    return;
  }
  std::string directory = directoryOf(path);
  std::string name = path.substr(path.rfind('/') + 1); // npos + 1 == 0
  for (int attempt = 0; attempt < 100 && descriptor < 0; ++attempt) {
    temporary = directory + "/." + name + "." + std::to_string(getpid()) + "." + std::to_string(counter++) + ".tmp";
    descriptor = open(temporary.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno != EEXIST)
      break;
  }
  if (descriptor < 0) {
    temporary.clear();
    fail(strerror(errno));
  }
}

AtomicFile::~AtomicFile() {
  if (descriptor >= 0)
    close(descriptor);
  if (!temporary.empty())
    unlink(temporary.c_str());
}

void AtomicFile::fail(const char *reason) {
  if (message.empty())
    message = "cannot write '" + path + "': " + reason;
}

/// At an offset, or where the file stands when that is -1.
void AtomicFile::writeFully(const void *bytes, uint64_t size, int64_t offset) {
  auto *at = static_cast<const char *>(bytes);
  while (size && message.empty()) {
    size_t part = size < (1u << 30) ? size : (1u << 30);
    ssize_t count = offset < 0 ? ::write(descriptor, at, part) : pwrite(descriptor, at, part, offset);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return fail(count < 0 ? strerror(errno) : "nothing was written");
    at += count;
    size -= count;
    if (offset >= 0)
      offset += count;
  }
}

void AtomicFile::flush() {
  writeFully(buffer.data(), buffer.size(), -1);
  buffer.clear();
}

void AtomicFile::write(const void *bytes, uint64_t size) {
  if (!message.empty())
    return;
  written += size;
  if (buffer.size() + size > bufferBytes)
    flush();
  if (size >= bufferBytes)
    return writeFully(bytes, size, -1);
  auto *begin = static_cast<const char *>(bytes);
  buffer.insert(buffer.end(), begin, begin + size);
}

std::string AtomicFile::finish(const void *front, uint64_t size) {
  if (message.empty())
    flush();
  if (message.empty())
    writeFully(front, size, 0);
  if (message.empty() && fsync(descriptor) != 0)
    fail(strerror(errno));
  return message;
}

std::string AtomicFile::commit() {
  if (!message.empty())
    return message;
  // A full disk may show only here on network file systems.
  if (close(descriptor) != 0)
    fail(strerror(errno));
  descriptor = -1;
  if (message.empty() && rename(temporary.c_str(), path.c_str()) != 0)
    fail(strerror(errno));
  if (!message.empty())
    return message;
  temporary.clear();
  // The name itself is safe once the directory is on disk; not every file system can do that, so this may fail.
  int directory = open(directoryOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    (void)!fsync(directory);
    close(directory);
  }
  return {};
}
