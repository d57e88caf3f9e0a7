// The one loop nest of the contractions: some rows times a panel of columns.
#ifndef TENSEL_COMPILER_REFERENCE_PANEL_H
#define TENSEL_COMPILER_REFERENCE_PANEL_H

#include <cstdint>

namespace tensel::reference {

/// Columns of a panel.
constexpr int64_t panelWidth = 64;

/// result[r][j] = sum over k < depth of rows[r * depth + k] * panel[k * panelWidth + j], for r < count; `result` has
/// rows of panelWidth.
void multiplyPanel(const double *rows, const double *panel, double *result, int64_t count, int64_t depth);
/// The same modulo 2^64.
void multiplyPanel(const uint64_t *rows, const uint64_t *panel, uint64_t *result, int64_t count, int64_t depth);

} // namespace tensel::reference
#endif // TENSEL_COMPILER_REFERENCE_PANEL_H
