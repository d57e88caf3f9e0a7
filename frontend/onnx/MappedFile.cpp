// Maps model and external data files read-only. External data is opened inside
// of the model's directory only: the path comes from an untrusted file.
#include "frontend/onnx/Model.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace tensel::onnx;

std::shared_ptr<MappedFile> MappedFile::map(int descriptor, const std::string &path, bool inside, std::string &error) {
  std::shared_ptr<MappedFile> result;
  struct stat info;
  if (fstat(descriptor, &info) != 0) {
    error = "cannot inspect '" + path + "': " + std::strerror(errno);
  } else if (!S_ISREG(info.st_mode)) {
    error = "'" + path + "' is not a regular file";
  } else if (inside && info.st_nlink != 1) {
    error = "'" + path + "' has " + std::to_string(info.st_nlink) + " hard links, expected 1 for external data";
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
  return map(descriptor, path, /*inside=*/false, error);
}

std::shared_ptr<MappedFile> MappedFile::openBeneath(const std::string &root, const std::string &relative, std::string &error) {
  std::string shown = root + "/" + relative;
  if (relative.empty() || relative.find('\0') != std::string::npos) {
    error = "external data location is empty or holds a zero byte";
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
      error = "external data '" + relative + "' leaves the model's directory or goes through a link";
    else
      error = "cannot open external data '" + shown + "': " + std::strerror(reason);
    return nullptr;
  }
  return map(descriptor, shown, /*inside=*/true, error);
}
