// Result dims follow from static dims and constant shape operands.
// RUN: tensel-opt %s | FileCheck %s

// CHECK-LABEL: func @reshape
func.func @reshape(%x: tensor<2x3x4xf32>) {
  %shape = graph.constant dense<[0, -1]> : tensor<2xi64>
  // CHECK: -> tensor<2x12xf32>
  %0 = graph.reshape %x, %shape : (tensor<2x3x4xf32>, tensor<2xi64>) -> tensor<2x12xf32>
  return
}

// CHECK-LABEL: func @slice
func.func @slice(%x: tensor<10x8xf32>) {
  %starts = graph.constant dense<[-1, 2]> : tensor<2xi64>
  %ends = graph.constant dense<[-9223372036854775808, 9223372036854775807]> : tensor<2xi64>
  %steps = graph.constant dense<[-3, 2]> : tensor<2xi64>
  // CHECK: -> tensor<4x3xf32>
  %0 = graph.slice %x, %starts, %ends, %steps {axes = array<i64: 0, 1>} : (tensor<10x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<4x3xf32>
  return
}

// CHECK-LABEL: func @conv
func.func @conv(%x: tensor<?x4x9x9xf32>, %w: tensor<6x2x3x3xf32>) {
  // CHECK: -> tensor<?x6x3x4xf32>
  %0 = graph.conv %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 2, 1>, groups = 2 : i64} : (tensor<?x4x9x9xf32>, tensor<6x2x3x3xf32>) -> tensor<?x6x3x4xf32>
  return
}

// CHECK-LABEL: func @pool_ceil
func.func @pool_ceil(%x: tensor<1x1x6x6xf32>) {
  // CHECK: -> tensor<1x1x3x3xf32>
  %0 = graph.pool max %x {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, ceil_mode = true} : (tensor<1x1x6x6xf32>) -> tensor<1x1x3x3xf32>
  return
}

// CHECK-LABEL: func @gather
func.func @gather(%x: tensor<5x?x7xf32>, %i: tensor<2x3xi64>) {
  // CHECK: -> tensor<5x2x3x7xf32>
  %0 = graph.gather %x, %i {axis = 1 : i64} : (tensor<5x?x7xf32>, tensor<2x3xi64>) -> tensor<5x2x3x7xf32>
  return
}
