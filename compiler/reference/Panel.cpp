// The panel product, written so that the inner loop vectorizes; see Panel.h.
#include "compiler/reference/Panel.h"

#include <algorithm>

template <typename T, int64_t Rows>
static void multiplyRows(const T *rows, const T *panel, T *result, int64_t depth) {
  std::fill_n(result, Rows * tensel::reference::panelWidth, T(0));
  for (int64_t k = 0; k < depth; ++k) {
    const T *line = panel + k * tensel::reference::panelWidth;
    for (int64_t r = 0; r < Rows; ++r) {
      T factor = rows[r * depth + k];
      T *sums = result + r * tensel::reference::panelWidth;
      for (int64_t j = 0; j < tensel::reference::panelWidth; ++j)
        sums[j] += factor * line[j];
    }
  }
}

template <typename T>
static void multiply(const T *rows, const T *panel, T *result, int64_t count, int64_t depth) {
  int64_t r = 0;
  for (; r + 4 <= count; r += 4)
    multiplyRows<T, 4>(rows + r * depth, panel, result + r * tensel::reference::panelWidth, depth);
  for (; r < count; ++r)
    multiplyRows<T, 1>(rows + r * depth, panel, result + r * tensel::reference::panelWidth, depth);
}

void tensel::reference::multiplyPanel(const double *rows, const double *panel, double *result, int64_t count, int64_t depth) {
  multiply(rows, panel, result, count, depth);
}
void tensel::reference::multiplyPanel(const uint64_t *rows, const uint64_t *panel, uint64_t *result, int64_t count,
                                      int64_t depth) {
  multiply(rows, panel, result, count, depth);
}
