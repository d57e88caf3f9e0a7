// Row-major strides and positions, which most ops that move or combine elements walk by.
#ifndef TENSEL_COMPILER_REFERENCE_STRIDES_H
#define TENSEL_COMPILER_REFERENCE_STRIDES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace tensel::reference {

using Ints = llvm::SmallVector<int64_t>;

inline Ints rowMajorStrides(llvm::ArrayRef<int64_t> dims) {
  Ints strides(dims.size());
  int64_t stride = 1;
  for (int64_t i = dims.size() - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= dims[i];
  }
  return strides;
}

inline int64_t productOf(llvm::ArrayRef<int64_t> dims) {
  int64_t product = 1;
  for (int64_t dim : dims)
    product *= dim;
  return product;
}

/// Visits all positions within `dims` in row-major order: body(position).
template <typename Body>
void forEachPosition(llvm::ArrayRef<int64_t> dims, Body body) {
  if (llvm::is_contained(dims, 0))
    return;
  Ints position(dims.size());
  while (true) {
    body(llvm::ArrayRef<int64_t>(position));
    int64_t d = dims.size() - 1;
    for (; d >= 0 && ++position[d] == dims[d]; --d)
      position[d] = 0;
    if (d < 0)
      return;
  }
}

/// Visits all positions within `dims` in row-major order with the sum of position * strides: body(offset).
template <typename Body>
void forEachOffset(llvm::ArrayRef<int64_t> dims, llvm::ArrayRef<int64_t> strides, int64_t start, Body body) {
  if (llvm::is_contained(dims, 0))
    return;
  if (dims.empty())
    return body(start);
  Ints position(dims.size());
  int64_t inner = dims.size() - 1, offset = start;
  while (true) {
    for (int64_t i = 0; i < dims[inner]; ++i)
      body(offset + i * strides[inner]);
    int64_t d = inner - 1;
    for (; d >= 0; --d) {
      offset += strides[d];
      if (++position[d] < dims[d])
        break;
      offset -= dims[d] * strides[d];
      position[d] = 0;
    }
    if (d < 0)
      return;
  }
}

} // namespace tensel::reference
#endif // TENSEL_COMPILER_REFERENCE_STRIDES_H
