// Whole files: read into memory; written under a temporary name and renamed, so that no partial file stays behind.
#ifndef TENSEL_TOOLS_TENSEL_FILES_H
#define TENSEL_TOOLS_TENSEL_FILES_H

#include <initializer_list>
#include <string>
#include <string_view>

namespace tensel::cli {

/// Each returns an empty string, or one line naming the path and what failed.
std::string readFile(const std::string &path, std::string &bytes);
std::string writeFile(const std::string &path, std::initializer_list<std::string_view> parts);

/// Opens the file and tells a package (by its first bytes or its name) from a model.
std::string detectPackage(const std::string &path, bool &isPackage);
/// What is wrong when `path` cannot be read, or is a package where only a model will do; `why` says why, or is empty.
std::string requireModel(const std::string &path, const std::string &why = "");

/// Whether something could be written to `path`: its folder exists and it is not a folder or device itself.
std::string checkOutputPath(const std::string &path);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_FILES_H
