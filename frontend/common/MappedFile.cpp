// Maps files read-only; see MappedFile.h.
#include "frontend/common/MappedFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace tensel;

std::shared_ptr<MappedFile> MappedFile::map(int descriptor, const std::string &path, const char *inside, std::string &error) {
  std::shared_ptr<MappedFile> result;
  struct stat info;
  if (fstat(descriptor, &info) != 0) {
    error = "cannot inspect '" + path + "': " + std::strerror(errno);
  } else if (!S_ISREG(info.st_mode)) {
    error = "'" + path + "' is not a regular file";
  } else if (inside && info.st_nlink != 1) {
    error = "'" + path + "' has " + std::to_string(info.st_nlink) + " hard links, expected 1 for " + inside;
  } else {
    result.reset(new MappedFile());
    result->name = path;
    auto size = static_cast<size_t>(info.st_size);
    if (size) {
      void *address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
      if (address == MAP_FAILED) {
        error = "cannot map '" + path + "': " + std::strerror(errno);
        result.reset();
      } else {
        result->content = Bytes(static_cast<const uint8_t *>(address), size);
      }
    }
  }
  close(descriptor);
  return result;
}

MappedFile::~MappedFile() {
  if (!content.empty())
    munmap(const_cast<uint8_t *>(content.data()), content.size());
}

std::shared_ptr<MappedFile> MappedFile::open(const std::string &path, std::string &error) {
  // O_NONBLOCK: a named pipe must not make us wait for a writer.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    error = "cannot open '" + path + "': " + std::strerror(errno);
    return nullptr;
  }
  return map(descriptor, path, /*inside=*/nullptr, error);
}

std::shared_ptr<MappedFile> MappedFile::openBeneath(const std::string &root, const std::string &relative, const std::string &what,
                                                    std::string &error) {
  std::string shown = root + "/" + relative;
  if (relative.empty() || relative.find('\0') != std::string::npos) {
    error = "the name of " + what + " is empty or holds a zero byte";
    return nullptr;
  }
  int directory = ::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) {
    error = "cannot open directory '" + root + "': " + std::strerror(errno);
    return nullptr;
  }
  struct open_how how = {};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  auto descriptor = static_cast<int>(syscall(SYS_openat2, directory, relative.c_str(), &how, sizeof(how)));
  int reason = errno;
  close(directory);
  if (descriptor < 0) {
    if (reason == EXDEV || reason == ELOOP)
      error = what + " '" + relative + "' leaves the model's directory or goes through a link";
    else
      error = "cannot open " + what + " '" + shown + "': " + std::strerror(reason);
    return nullptr;
  }
  return map(descriptor, shown, what.c_str(), error);
}

std::string tensel::directoryOf(const std::string &path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}
