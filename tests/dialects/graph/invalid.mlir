// Operands that fit no shape are reported with what was found and expected.
// RUN: tensel-opt %s -split-input-file -verify-diagnostics

func.func @no_broadcast(%x: tensor<2xf32>, %y: tensor<3xf32>) {
  // expected-error @+2 {{dims 2 and 3 do not broadcast}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.add %x, %y : (tensor<2xf32>, tensor<3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @mixed_types(%x: tensor<2xf32>, %y: tensor<2xf64>) {
  // expected-error @+1 {{expected operands of one element type, found 'f32' and 'f64'}}
  %0 = graph.add %x, %y : (tensor<2xf32>, tensor<2xf64>) -> tensor<2xf32>
  return
}

// -----

func.func @matmul(%x: tensor<2x3xf32>, %y: tensor<4x5xf32>) {
  // expected-error @+2 {{inner dims differ: 3 and 4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.matmul %x, %y : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @permutation(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{expected a permutation of 0 to 1}}
  %0 = graph.transpose %x {permutation = array<i64: 0, 0>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

// expected-error @+1 {{expected max -1 or at least min 4, found 3}}
graph.symbol @n {min = 4, max = 3}

// -----

// expected-error @+1 {{expected length 8 for 'tensor<2xf32>', found 7}}
graph.weight @w : tensor<2xf32> from "w.bin" {length = 7 : i64}

// -----

func.func @nothing_left(%x: tensor<1x2x3xf32>, %w: tensor<2x2x2xf32>) {
  // expected-error @+2 {{the pads take 4 elements away, the output has only 4}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.conv_transpose %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 2>, pads_high = array<i64: 2>, output_padding = array<i64: 0>} : (tensor<1x2x3xf32>, tensor<2x2x2xf32>) -> tensor<1x2x0xf32>
  return
}

// -----

func.func @no_taps(%x: tensor<1x2x3xf32>, %w: tensor<2x2x0xf32>) {
  // expected-error @+2 {{expected kernel dims of 1 or more, found 0}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>} : (tensor<1x2x3xf32>, tensor<2x2x0xf32>) -> tensor<1x2x4xf32>
  return
}
