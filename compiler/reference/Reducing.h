// How two elements combine in a reduction, on double, int64_t and uint64_t.
#ifndef TENSEL_COMPILER_REFERENCE_REDUCING_H
#define TENSEL_COMPILER_REFERENCE_REDUCING_H

#include "compiler/reference/Tensor.h"
#include "dialects/graph/Graph.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace tensel::reference {

/// What a reduction starts from: for max the lowest, for min the highest value of `element`.
template <typename T>
T neutralElement(graph::ReduceKind kind, Kind element) {
  if (kind == graph::ReduceKind::sum || kind == graph::ReduceKind::mean)
    return 0;
  if (kind == graph::ReduceKind::prod)
    return 1;
  bool lowest = kind == graph::ReduceKind::max;
  if constexpr (std::is_same_v<T, double>) {
    return lowest ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
  } else {
    if (element == Kind::Bool)
      return lowest ? 0 : 1;
    unsigned shift = 64 - 8 * bytesOf(element);
    return lowest ? std::numeric_limits<T>::min() >> shift : std::numeric_limits<T>::max() >> shift;
  }
}

/// NaN wins in max and min; integers wrap when they are stored; bools are added modulo 2.
template <typename T>
T combineElements(graph::ReduceKind kind, Kind element, T a, T b) {
  using U = std::conditional_t<std::is_same_v<T, double>, double, uint64_t>;
  switch (kind) {
  case graph::ReduceKind::sum:
  case graph::ReduceKind::mean:
    if (element == Kind::Bool)
      return a != b;
    return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
  case graph::ReduceKind::prod:
    return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
  case graph::ReduceKind::max:
    return a != a ? a : b != b ? b : std::max(a, b);
  case graph::ReduceKind::min:
    return a != a ? a : b != b ? b : std::min(a, b);
  }
  return a;
}

/// NaN, or 0 for integers, where nothing was summed; integers truncate.
template <typename T>
T meanOf(T sum, int64_t count) {
  if constexpr (std::is_same_v<T, double>)
    return sum / static_cast<double>(count);
  else
    return count ? sum / static_cast<T>(count) : 0;
}

} // namespace tensel::reference
#endif // TENSEL_COMPILER_REFERENCE_REDUCING_H
