// Composite ops become their definitions; what they are made of is tested by the reference interpreter.
// RUN: tensel-opt %s -tensel-decompose | FileCheck %s

// CHECK-LABEL: func @softmax
func.func @softmax(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK: graph.reduce max
  // CHECK: graph.exp
  // CHECK: graph.reduce sum
  // CHECK: graph.div
  // CHECK-NOT: graph.softmax
  %0 = graph.softmax %x {axis = 1 : i64} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// Halves are normalized in f32.
// CHECK-LABEL: func @rms_norm_f16
func.func @rms_norm_f16(%x: tensor<2x8xf16>, %s: tensor<8xf16>) -> tensor<2x8xf16> {
  // CHECK: graph.cast {{.*}} -> tensor<2x8xf32>
  // CHECK: graph.sqrt {{.*}} -> tensor<2x1xf32>
  // CHECK-NOT: graph.rms_norm
  %0 = graph.rms_norm %x, %s {axis = 1 : i64, epsilon = 1.0e-5 : f64} : (tensor<2x8xf16>, tensor<8xf16>) -> tensor<2x8xf16>
  return %0 : tensor<2x8xf16>
}

// A kernel of two strides: both phases at once, of two taps each, interleaved.
// CHECK-LABEL: func @conv_transpose
func.func @conv_transpose(%x: tensor<1x4x5xf32>, %w: tensor<4x3x4xf32>) -> tensor<1x6x12xf32> {
  // CHECK-NOT: graph.dilate
  // CHECK: graph.pad constant %arg0{{.*}} -> tensor<1x4x7xf32>
  // CHECK: graph.reshape %arg1{{.*}} -> tensor<2x2x3x2x2xf32>
  // CHECK: graph.conv {{.*}} groups = 2{{.*}} -> tensor<1x12x6xf32>
  // CHECK: graph.transpose {{.*}} -> tensor<1x6x6x2xf32>
  // CHECK: graph.reshape {{.*}} -> tensor<1x6x12xf32>
  %0 = graph.conv_transpose %x, %w {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>,
    output_padding = array<i64: 0>, groups = 2 : i64} : (tensor<1x4x5xf32>, tensor<4x3x4xf32>) -> tensor<1x6x12xf32>
  return %0 : tensor<1x6x12xf32>
}

// Three taps at stride 2: the second phase has one only, and no input may meet another.
// CHECK-LABEL: func @conv_transpose_of_unlike_phases
func.func @conv_transpose_of_unlike_phases(%x: tensor<1x4x5xf32>, %w: tensor<4x3x3xf32>) -> tensor<1x6x11xf32> {
  // CHECK: graph.dilate {{.*}} -> tensor<1x4x9xf32>
  // CHECK: graph.pad constant {{.*}} -> tensor<1x4x13xf32>
  // CHECK: graph.conv {{.*}} groups = 2
  %0 = graph.conv_transpose %x, %w {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>,
    output_padding = array<i64: 0>, groups = 2 : i64} : (tensor<1x4x5xf32>, tensor<4x3x3xf32>) -> tensor<1x6x11xf32>
  return %0 : tensor<1x6x11xf32>
}

// With strides of 1 it is one convolution with the flipped filter.
// CHECK-LABEL: func @conv_transpose_without_strides
func.func @conv_transpose_without_strides(%x: tensor<1x4x5xf32>, %w: tensor<4x3x3xf32>) -> tensor<1x3x7xf32> {
  // CHECK: graph.pad constant %arg0{{.*}} -> tensor<1x4x9xf32>
  // CHECK: graph.conv {{.*}} -> tensor<1x3x7xf32>
  // CHECK-NEXT: return
  %0 = graph.conv_transpose %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>,
    output_padding = array<i64: 0>, groups = 1 : i64} : (tensor<1x4x5xf32>, tensor<4x3x3xf32>) -> tensor<1x3x7xf32>
  return %0 : tensor<1x3x7xf32>
}

// A kernel of unknown size: the pads follow from its dims.
// CHECK-LABEL: func @conv_transpose_of_a_dynamic_kernel
func.func @conv_transpose_of_a_dynamic_kernel(%x: tensor<1x4x5xf32>, %w: tensor<4x3x?xf32>) -> tensor<1x6x?xf32> {
  // CHECK: graph.shape_of %arg1
  // CHECK: graph.pad constant
  // CHECK: graph.conv {{.*}} groups = 2
  %0 = graph.conv_transpose %x, %w {strides = array<i64: 2>, dilations = array<i64: 1>, pads_low = array<i64: 0>, pads_high = array<i64: 0>,
    output_padding = array<i64: 0>, groups = 2 : i64} : (tensor<1x4x5xf32>, tensor<4x3x?xf32>) -> tensor<1x6x?xf32>
  return %0 : tensor<1x6x?xf32>
}

// Code generation takes attention whole, as far as its heads fit the stack.
// CHECK-LABEL: func @attention
func.func @attention(%q: tensor<1x?x2x64xf32>, %wide: tensor<1x?x2x600xf32>) -> (tensor<1x?x2x64xf32>, tensor<1x?x2x600xf32>) {
  // CHECK: graph.attention
  // CHECK-NOT: graph.attention
  %0 = graph.attention causal %q, %q, %q {scale = 1.0 : f64} : (tensor<1x?x2x64xf32>, tensor<1x?x2x64xf32>, tensor<1x?x2x64xf32>) -> tensor<1x?x2x64xf32>
  %1 = graph.attention causal %wide, %wide, %wide {scale = 1.0 : f64}
    : (tensor<1x?x2x600xf32>, tensor<1x?x2x600xf32>, tensor<1x?x2x600xf32>) -> tensor<1x?x2x600xf32>
  return %0, %1 : tensor<1x?x2x64xf32>, tensor<1x?x2x600xf32>
}
