// Dispatches name the source nodes of all their ops and say what they cost; fusions taken and refused are told with the reason.
// RUN: tensel-opt %s -tensel-form-dispatches -mlir-print-debuginfo --remarks-filter="tensel-.*" --remark-format=emitRemark 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks

graph.symbol @N {max = 8 : i64}

// 2 * N * 4 * 4 operations of the product and N * 4 of the sum; the node whose result is written comes first.
// CHECK: #[[SUM:.*]] = loc("sum")
// CHECK-LABEL: func.func @fused
// CHECK: task.dispatch @k0
// CHECK-SAME: task.cost = [array<i64: 1, 0, 0, 32, 3, 0, 1, 0, 0, 4, 3, 0, 2, 0>
// CHECK-SAME: loc(#[[BOTH:[a-z0-9]*]])
// CHECK: #[[PRODUCT:.*]] = loc("product")
// CHECK: #[[BOTH]] = loc(fused[#[[SUM]], #[[PRODUCT]]])
// REMARK: [Passed] fuse | Category:tensel-form-dispatches | Remark="'graph.matmul' shares a kernel with 'graph.add' at 'sum'"
// REMARK: [Passed] fuse | Category:tensel-form-dispatches | Remark="'graph.add' shares a kernel with 'graph.matmul' at 'product'"
// REMARK: [Missed] fuse | Category:tensel-form-dispatches | Remark="the result of 'graph.add' goes through memory: 'reshape' reads it, which is no kernel"
// REMARK: [Passed] view | Category:tensel-form-dispatches | Remark="the same bytes under other dims: nothing is computed"
func.func @fused(%x: tensor<?x4xf32> {graph.dims = ["N", 4]}, %w: tensor<4x4xf32>) -> tensor<?xf32> {
  %minus = graph.constant dense<-1> : tensor<1xi64>
  %0 = graph.matmul %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32> loc("product")
  %1 = graph.add %0, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("sum")
  %2 = graph.reshape %1, %minus : (tensor<?x4xf32>, tensor<1xi64>) -> tensor<?xf32> loc("view")
  return %2 : tensor<?xf32>
}
