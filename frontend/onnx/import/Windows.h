// What convolutions and pools share: kernel, strides, dilations and pads of a
// node, with ONNX's auto_pad worked out.
#ifndef TENSEL_FRONTEND_ONNX_IMPORT_WINDOWS_H
#define TENSEL_FRONTEND_ONNX_IMPORT_WINDOWS_H

#include "frontend/onnx/import/Node.h"

namespace tensel::onnx {

struct WindowAttributes {
  Ints kernel, strides, dilations, low, high;
};

/// Reads the attributes of a node whose data is `x`; `kernel` is empty when it
/// is to be read from kernel_shape. Wrong lengths are errors.
WindowAttributes readWindow(Node &n, mlir::Value x, Ints kernel);

/// Convolution of `x` with `w` as the node's attributes say, without bias.
mlir::Value convolve(Node &n, mlir::Value x, mlir::Value w);

/// `bias` of [channels] made to broadcast over a tensor of `rank`.
mlir::Value perChannel(Node &n, mlir::Value bias, int64_t rank);

} // namespace tensel::onnx

#endif // TENSEL_FRONTEND_ONNX_IMPORT_WINDOWS_H
