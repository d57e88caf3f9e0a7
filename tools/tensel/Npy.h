// .npy files: arrays as NumPy stores them. Read with every length checked: the files come from anywhere.
#ifndef TENSEL_TOOLS_TENSEL_NPY_H
#define TENSEL_TOOLS_TENSEL_NPY_H

#include "tools/tensel/HostTensor.h"
#include <string>

namespace tensel::cli {

/// Reads a version 1 to 3 file in C order. `wanted`: the element type that the reader expects; 2-byte void items (how ml_dtypes stores
/// bfloat16) are read as bf16, and big-endian or Fortran-ordered data is an error. Returns false with a message.
bool readNpy(const std::string &path, HostTensor &tensor, std::string &error);
bool parseNpy(const char *bytes, size_t size, HostTensor &tensor, std::string &error);

/// The file's bytes.
std::string formatNpy(const HostTensor &tensor);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_NPY_H
