// Weights of matrix products are stored in blocks of 16 columns where nothing else reads them.
// RUN: tensel-opt %s -tensel-pack-constants -split-input-file | FileCheck %s

// CHECK-LABEL: func @plain
graph.weight @w : tensor<6x40xf32> data dense<1.0> : tensor<6x40xf32>
func.func @plain(%x: tensor<?x6xf32>) -> tensor<?x40xf32> {
  // CHECK: %[[W:.*]] = graph.load_weight @w
  // CHECK: %[[ZEROS:.*]] = graph.constant dense<0.000000e+00> : tensor<6x8xf32>
  // CHECK: %[[WHOLE:.*]] = graph.concat %[[W]], %[[ZEROS]] {axis = 1 : i64}
  // CHECK: %[[SPLIT:.*]] = graph.reshape %[[WHOLE]], {{.*}} -> tensor<6x3x16xf32>
  // CHECK: %[[BLOCKS:.*]] = graph.transpose %[[SPLIT]] {permutation = array<i64: 1, 0, 2>}
  // CHECK: graph.blocked_matmul %arg0, %[[BLOCKS]] {columns = 40 : i64} : (tensor<?x6xf32>, tensor<3x6x16xf32>) -> tensor<?x40xf32>
  %w = graph.load_weight @w : tensor<6x40xf32>
  %0 = graph.matmul %x, %w : (tensor<?x6xf32>, tensor<6x40xf32>) -> tensor<?x40xf32>
  return %0 : tensor<?x40xf32>
}

// -----

// One matrix for each of two experts, stored transposed.
// CHECK-LABEL: func @batched
graph.weight @w : tensor<2x32x6xf32> data dense<1.0> : tensor<2x32x6xf32>
func.func @batched(%x: tensor<2x?x6xf32>) -> tensor<2x?x32xf32> {
  // CHECK: graph.reshape {{.*}} -> tensor<2x2x16x6xf32>
  // CHECK: graph.transpose {{.*}} {permutation = array<i64: 0, 1, 3, 2>}
  // CHECK: graph.blocked_matmul {{.*}} (tensor<2x?x6xf32>, tensor<2x2x6x16xf32>) -> tensor<2x?x32xf32>
  %w = graph.load_weight @w : tensor<2x32x6xf32>
  %0 = graph.matmul %x, %w {transpose_rhs = true} : (tensor<2x?x6xf32>, tensor<2x32x6xf32>) -> tensor<2x?x32xf32>
  return %0 : tensor<2x?x32xf32>
}

// -----

// Something else reads the weight as it is, in another function.
// CHECK-LABEL: func @shared
graph.weight @w : tensor<16x16xf32> data dense<1.0> : tensor<16x16xf32>
func.func @shared(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  // CHECK: graph.matmul
  %w = graph.load_weight @w : tensor<16x16xf32>
  %0 = graph.matmul %x, %w : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32>
  return %0 : tensor<?x16xf32>
}
func.func @reader(%x: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %w = graph.load_weight @w : tensor<16x16xf32>
  %0 = graph.add %x, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  return %0 : tensor<16x16xf32>
}

// -----

// A left side, a right side of few columns, and one that a single row reads once stay.
// CHECK-LABEL: func @stays
graph.weight @left : tensor<16x16xf32> data dense<1.0> : tensor<16x16xf32>
graph.weight @narrow : tensor<16x3xf32> data dense<1.0> : tensor<16x3xf32>
graph.weight @once : tensor<16x64xf32> data dense<1.0> : tensor<16x64xf32>
func.func @stays(%x: tensor<16x?xf32>, %y: tensor<?x16xf32>, %z: tensor<1x16xf32>) -> (tensor<16x?xf32>, tensor<?x3xf32>, tensor<1x64xf32>) {
  // CHECK-COUNT-3: graph.matmul
  %a = graph.load_weight @left : tensor<16x16xf32>
  %b = graph.load_weight @narrow : tensor<16x3xf32>
  %c = graph.load_weight @once : tensor<16x64xf32>
  %0 = graph.matmul %a, %x : (tensor<16x16xf32>, tensor<16x?xf32>) -> tensor<16x?xf32>
  %1 = graph.matmul %y, %b : (tensor<?x16xf32>, tensor<16x3xf32>) -> tensor<?x3xf32>
  %2 = graph.matmul %z, %c : (tensor<1x16xf32>, tensor<16x64xf32>) -> tensor<1x64xf32>
  return %0, %1, %2 : tensor<16x?xf32>, tensor<?x3xf32>, tensor<1x64xf32>
}

// -----

// Weights in half precision stay so: the kernel widens them. Their blocks are fewer bytes than a widened copy, even where someone else
// reads the weight and for a single row.
// CHECK-LABEL: func @halves
graph.weight @w : tensor<32x6xbf16> data dense<1.0> : tensor<32x6xbf16>
func.func @halves(%x: tensor<1x6xf32>, %ids: tensor<4xi64>) -> (tensor<1x32xf32>, tensor<4x6xbf16>) {
  // CHECK: graph.transpose {{.*}} -> tensor<2x6x16xbf16>
  // CHECK: graph.blocked_matmul %arg0, {{.*}} : (tensor<1x6xf32>, tensor<2x6x16xbf16>) -> tensor<1x32xf32>
  // CHECK: graph.gather
  %w = graph.load_weight @w : tensor<32x6xbf16>
  %f = graph.cast %w {to = f32} : (tensor<32x6xbf16>) -> tensor<32x6xf32>
  %0 = graph.matmul %x, %f {transpose_rhs = true} : (tensor<1x6xf32>, tensor<32x6xf32>) -> tensor<1x32xf32>
  %1 = graph.gather %w, %ids {axis = 0 : i64} : (tensor<32x6xbf16>, tensor<4xi64>) -> tensor<4x6xbf16>
  return %0, %1 : tensor<1x32xf32>, tensor<4x6xbf16>
}
