// Size expressions of packages as text: sums of products of symbols, as a reader would write them.
#ifndef TENSEL_TOOLS_TENSEL_SIZETEXT_H
#define TENSEL_TOOLS_TENSEL_SIZETEXT_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tensel::cli {

/// Factors in order -> coefficient; no factors: the constant. What is no sum or product, such as ceildiv(N, 2), is a factor as its
/// text. Factors are sizes and never negative.
using SizeSum = std::map<std::vector<std::string>, int64_t>;

/// A size expression (runtime/package/SizeExpr.h) of a package over the symbols' names.
SizeSum readSizeSum(const std::vector<int64_t> &expression, const std::vector<std::string> &symbols);

SizeSum operator+(const SizeSum &a, const SizeSum &b);

/// Whether b is at least a for all values of the symbols, as far as the coefficients show.
bool isAtMost(const SizeSum &a, const SizeSum &b);

/// "401408*N + 64"
std::string textOf(const SizeSum &sum);

} // namespace tensel::cli
#endif // TENSEL_TOOLS_TENSEL_SIZETEXT_H
