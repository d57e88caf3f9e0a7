// Reading and writing whole files.
#include "tools/tensel/Files.h"

#include "runtime/package/AtomicFile.h"
#include "runtime/package/Format.h"
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tensel::cli {
namespace {
std::string failed(const char *what, const std::string &path, int code) {
  return std::string("cannot ") + what + " '" + path + "': " + std::strerror(code);
}
} // namespace

std::string readFile(const std::string &path, std::string &bytes) {
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return failed("open", path, errno);
  std::string error;
  struct stat status;
  bytes.clear();
  if (fstat(file, &status) != 0)
    error = failed("read", path, errno);
  else if (S_ISDIR(status.st_mode))
    error = "cannot read '" + path + "': found a folder, expected a file";
  else if (S_ISREG(status.st_mode))
    bytes.reserve(static_cast<size_t>(status.st_size));
  char buffer[1 << 16];
  while (error.empty()) {
    ssize_t got = read(file, buffer, sizeof buffer);
    if (got > 0)
      bytes.append(buffer, static_cast<size_t>(got));
    else if (got == 0)
      break;
    else if (errno != EINTR)
      error = failed("read", path, errno);
  }
  close(file);
  return error;
}

std::string writeFile(const std::string &path, std::initializer_list<std::string_view> parts) {
  if (std::string error = checkOutputPath(path); !error.empty())
    return error;
  rt::AtomicFile file(path);
  for (std::string_view part : parts)
    file.write(part.data(), part.size());
  file.finish();
  return file.commit();
}

std::string detectPackage(const std::string &path, bool &isPackage) {
  struct stat status;
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return failed("open", path, errno);
  std::string error;
  char magic[sizeof rt::packageMagic] = {};
  if (fstat(file, &status) != 0)
    error = failed("read", path, errno);
  else if (S_ISDIR(status.st_mode) && faccessat(file, "config.json", F_OK, 0) == 0)
    isPackage = false; // a language model's folder
  else if (!S_ISREG(status.st_mode))
    error = "cannot read '" + path + "': found " +
            (S_ISDIR(status.st_mode) ? "a folder without config.json" : "no regular file") + ", expected a model or package";
  else if (read(file, magic, sizeof magic) < 0)
    error = failed("read", path, errno);
  close(file);
  const std::string ending = ".tensel";
  bool named = path.size() >= ending.size() && path.compare(path.size() - ending.size(), ending.size(), ending) == 0;
  isPackage = named || std::memcmp(magic, rt::packageMagic, 6) == 0;
  return error;
}

std::string requireModel(const std::string &path, const std::string &why) {
  bool isPackage = false;
  if (std::string error = detectPackage(path, isPackage); !error.empty())
    return error;
  return isPackage ? "'" + path + "': found a package, expected a model" + (why.empty() ? "" : ": " + why) : "";
}

std::string checkOutputPath(const std::string &path) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    return "cannot write '" + path + "': found " + (S_ISDIR(status.st_mode) ? "a folder" : "a device") +
           ", expected a file's name";
  return "";
}
} // namespace tensel::cli
