// Rows are picked before what is computed row by row.
// RUN: tensel-opt %s -tensel-hoist-gathers -cse | FileCheck %s

graph.symbol @B {min = 1 : i64, max = 8 : i64}
graph.symbol @L {min = 1 : i64, max = 64 : i64}

// A norm, a residual block and what lies before: one gather of each tensor that is left, and its index is made in time.
// CHECK-LABEL: func @residual
func.func @residual(%x: tensor<?x?x8xf32> {graph.dims = ["B", "L", 8]}, %w: tensor<8x8xf32>, %s: tensor<8xf32>,
                    %last: tensor<?xi64> {graph.dims = ["B"]}) -> tensor<?x8xf32> {
  // CHECK: %[[I:.*]] = graph.unsqueeze
  // CHECK: %[[X:.*]] = graph.gather_nd %arg0, %[[I]] {batch_dims = 1 : i64} : (tensor<?x?x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
  // CHECK: %[[H:.*]] = graph.matmul %[[X]], %arg1 : (tensor<?x8xf32>, tensor<8x8xf32>) -> tensor<?x8xf32>
  // CHECK: %[[Y:.*]] = graph.add %[[X]], %[[H]]
  // CHECK: %[[M:.*]] = graph.reduce max %[[Y]] {axes = array<i64: 1>, keep_dims = true} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  // CHECK: %[[D:.*]] = graph.sub %[[Y]], %[[M]]
  // CHECK: graph.mul %[[D]], %arg2
  // CHECK-NOT: gather_nd
  %h = graph.matmul %x, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %y = graph.add %x, %h : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %m = graph.reduce max %y {axes = array<i64: 2>, keep_dims = true} : (tensor<?x?x8xf32>) -> tensor<?x?x1xf32>
  %d = graph.sub %y, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %z = graph.mul %d, %s : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  %i = graph.unsqueeze %last {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %0 = graph.gather_nd %z, %i {batch_dims = 1 : i64} : (tensor<?x?x8xf32>, tensor<?x1xi64>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// Someone reads all rows; a reduction over the rows needs all of them.
// CHECK-LABEL: func @stays
func.func @stays(%x: tensor<2x4x8xf32>, %i: tensor<2x1xi64>) -> (tensor<2x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>) {
  // CHECK: graph.relu %arg0 : (tensor<2x4x8xf32>)
  // CHECK: graph.gather_nd
  // CHECK: graph.reduce sum %arg0
  // CHECK: graph.gather_nd
  %r = graph.relu %x : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %0 = graph.gather_nd %r, %i {batch_dims = 1 : i64} : (tensor<2x4x8xf32>, tensor<2x1xi64>) -> tensor<2x8xf32>
  %s = graph.reduce sum %x {axes = array<i64: 1>, keep_dims = true} : (tensor<2x4x8xf32>) -> tensor<2x1x8xf32>
  %1 = graph.gather_nd %s, %i {batch_dims = 1 : i64} : (tensor<2x1x8xf32>, tensor<2x1xi64>) -> tensor<2x8xf32>
  return %r, %0, %1 : tensor<2x4x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>
}
