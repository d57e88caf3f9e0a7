// Comparison by numpy.allclose's rule.
#include "tools/tensel/Compare.h"

#include <cmath>
#include <cstdio>

namespace tensel::cli {
namespace {
std::string formatNumber(const HostTensor &tensor, int64_t index) {
  if (!tensor.isFloat())
    return std::to_string(tensor.integer(index));
  char text[40];
  std::snprintf(text, sizeof text, tensor.type == TENSEL_F64 ? "%.10g" : "%.6g", tensor.number(index));
  return text;
}

std::string formatIndex(const std::vector<int64_t> &dims, int64_t index) {
  std::string text;
  for (size_t d = dims.size(); d-- > 0; index /= dims[d])
    text = std::to_string(index % dims[d]) + (text.empty() ? "" : ", ") + text;
  return "[" + text + "]";
}
} // namespace

std::string compareTensors(const HostTensor &found, const HostTensor &expected, double rtol, double atol) {
  if (found.type != expected.type || found.dims != expected.dims)
    return "found " + formatType(found.type, found.dims) + ", expected " + formatType(expected.type, expected.dims);
  int64_t wrong = 0, worst = 0;
  double worstShare = 0;
  for (int64_t k = 0; k < found.count(); ++k) {
    double a = found.number(k), b = expected.number(k);
    if (a == b || (std::isnan(a) && std::isnan(b)))
      continue;
    double share = std::abs(a - b) / (atol + rtol * std::abs(b));
    if (std::isfinite(a) && std::isfinite(b) && share <= 1)
      continue;
    share = std::isfinite(share) ? share : HUGE_VAL;
    worst = wrong++ == 0 || share > worstShare ? k : worst;
    worstShare = std::max(worstShare, share);
  }
  if (wrong == 0)
    return "";
  return std::to_string(wrong) + " of " + std::to_string(found.count()) + " elements differ; the worst is at " +
         formatIndex(found.dims, worst) + ": found " + formatNumber(found, worst) + ", expected " + formatNumber(expected, worst);
}

std::string summarize(const HostTensor &tensor) {
  constexpr int64_t shown = 8;
  std::string text = formatType(tensor.type, tensor.dims) + " [";
  for (int64_t k = 0; k < std::min(tensor.count(), shown); ++k)
    text += (k ? ", " : "") + formatNumber(tensor, k);
  return text + (tensor.count() > shown ? ", ..." : "") + "]";
}
} // namespace tensel::cli
