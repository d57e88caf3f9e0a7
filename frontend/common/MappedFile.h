// Files that every reader takes its bytes from: mapped read-only, never copied.
// What a model file names beside itself is opened inside of the model's own
// directory only, because the name comes from an untrusted file.
#ifndef TENSEL_FRONTEND_COMMON_MAPPEDFILE_H
#define TENSEL_FRONTEND_COMMON_MAPPEDFILE_H

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace tensel {

using Bytes = std::span<const uint8_t>;

/// A file mapped read-only; unmapped with the last reference.
class MappedFile {
public:
  /// Null with `error` set when the file cannot be opened or is not regular.
  static std::shared_ptr<MappedFile> open(const std::string &path, std::string &error);
  /// Opens `relative` inside of the directory `root` without following links, and only a regular file that has one
  /// name. `what` says in errors what the file is for, such as "external data".
  static std::shared_ptr<MappedFile> openBeneath(const std::string &root, const std::string &relative, const std::string &what,
                                                 std::string &error);
  ~MappedFile();
  Bytes bytes() const { return content; }
  const std::string &path() const { return name; }

private:
  MappedFile() = default;
  static std::shared_ptr<MappedFile> map(int descriptor, const std::string &path, const char *inside, std::string &error);
  Bytes content;
  std::string name;
};

/// The directory of `path`: "." for a bare name.
std::string directoryOf(const std::string &path);

} // namespace tensel

#endif // TENSEL_FRONTEND_COMMON_MAPPEDFILE_H
