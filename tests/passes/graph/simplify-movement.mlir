// Movement that cancels disappears.
// RUN: tensel-opt %s -tensel-simplify-movement | FileCheck %s

// CHECK-LABEL: func @transposes
func.func @transposes(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  // CHECK-NEXT: return %arg0
  %0 = graph.transpose %x {permutation = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = graph.transpose %0 {permutation = array<i64: 2, 0, 1>} : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  return %1 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func @matmul
func.func @matmul(%x: tensor<5x2x3xf32>, %y: tensor<5x4x3xf32>) -> tensor<5x2x4xf32> {
  // CHECK: graph.matmul %arg0, %arg1 {transpose_rhs = true}
  %0 = graph.transpose %y {permutation = array<i64: 0, 2, 1>} : (tensor<5x4x3xf32>) -> tensor<5x3x4xf32>
  %1 = graph.matmul %x, %0 : (tensor<5x2x3xf32>, tensor<5x3x4xf32>) -> tensor<5x2x4xf32>
  return %1 : tensor<5x2x4xf32>
}

// A 0 copies a dim of the inner reshape's result: the two stay.
// CHECK-LABEL: func @reshape_zero
func.func @reshape_zero(%x: tensor<6x4xf32>) -> tensor<2x12xf32> {
  // CHECK-COUNT-2: graph.reshape
  %a = graph.constant dense<[2, 3, 4]> : tensor<3xi64>
  %b = graph.constant dense<[0, -1]> : tensor<2xi64>
  %0 = graph.reshape %x, %a : (tensor<6x4xf32>, tensor<3xi64>) -> tensor<2x3x4xf32>
  %1 = graph.reshape %0, %b : (tensor<2x3x4xf32>, tensor<2xi64>) -> tensor<2x12xf32>
  return %1 : tensor<2x12xf32>
}

// Padding by nothing is what it pads, also where dims vary; by something it stays.
// CHECK-LABEL: func @pads
func.func @pads(%x: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  // CHECK: %[[Y:.*]] = graph.pad constant %arg0
  // CHECK-NEXT: return %arg0, %[[Y]]
  %v = graph.constant dense<7.0> : tensor<f32>
  %none = graph.constant dense<0> : tensor<4xi64>
  %some = graph.constant dense<[1, 0, 0, 0]> : tensor<4xi64>
  %0 = graph.pad constant %x, %none, %v : (tensor<?x4xf32>, tensor<4xi64>, tensor<f32>) -> tensor<?x4xf32>
  %1 = graph.pad constant %x, %some, %v : (tensor<?x4xf32>, tensor<4xi64>, tensor<f32>) -> tensor<?x4xf32>
  return %0, %1 : tensor<?x4xf32>, tensor<?x4xf32>
}
