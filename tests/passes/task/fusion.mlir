// RUN: tensel-opt %s -tensel-form-dispatches -split-input-file | FileCheck %s

// A softmax is one kernel, and so is a product with the ops behind it.
// CHECK-LABEL: func.func @rows
// CHECK-COUNT-1: task.dispatch
// CHECK-NOT: task.dispatch
// CHECK: return
func.func @rows(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %m = graph.reduce max %x {axes = array<i64: 1>, keep_dims = true} : (tensor<8x16xf32>) -> tensor<8x1xf32>
  %c = graph.sub %x, %m : (tensor<8x16xf32>, tensor<8x1xf32>) -> tensor<8x16xf32>
  %e = graph.exp %c : (tensor<8x16xf32>) -> tensor<8x16xf32>
  %s = graph.reduce sum %e {axes = array<i64: 1>, keep_dims = true} : (tensor<8x16xf32>) -> tensor<8x1xf32>
  %r = graph.div %e, %s : (tensor<8x16xf32>, tensor<8x1xf32>) -> tensor<8x16xf32>
  return %r : tensor<8x16xf32>
}

// -----

// CHECK-LABEL: func.func @epilogue
// CHECK-COUNT-1: task.dispatch
// CHECK-NOT: task.dispatch
// CHECK: return
func.func @epilogue(%x: tensor<8x16xf32>, %w: tensor<16x32xf32>, %b: tensor<32xf32>, %y: tensor<8x32xf32>) -> tensor<8x32xf32> {
  %p = graph.matmul %x, %w : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  %a = graph.add %p, %b : (tensor<8x32xf32>, tensor<32xf32>) -> tensor<8x32xf32>
  %s = graph.add %a, %y : (tensor<8x32xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
  %r = graph.relu %s : (tensor<8x32xf32>) -> tensor<8x32xf32>
  return %r : tensor<8x32xf32>
}
