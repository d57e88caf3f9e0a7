// .npy files: arrays as NumPy stores them. Read with every length checked: the files come from anywhere.
#ifndef TENSEL_TOOLS_TENSEL_NPY_H
#define TENSEL_TOOLS_TENSEL_NPY_H

#include "tools/tensel/HostTensor.h"

namespace tensel::cli {

/// Reads format 1 to 3, C or Fortran order (brought into C order), little-endian. 2-byte void items, as ml_dtypes stores bfloat16, become bf16.
/// Returns an empty string, or what is wrong (found and expected), naming the path.
std::string readNpy(const std::string &path, HostTensor &tensor);

/// The same on bytes; the message names no file.
std::string parseNpy(std::string_view bytes, HostTensor &tensor);

/// The header that goes before the tensor's bytes.
std::string formatNpyHeader(tensel_elem_type type, const std::vector<int64_t> &dims);

/// Writes the file under a temporary name and renames it. Returns an empty string or what failed.
std::string writeNpy(const std::string &path, tensel_elem_type type, const std::vector<int64_t> &dims, const void *data);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_NPY_H
