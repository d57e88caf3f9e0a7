// The op that stays names the source nodes of those that it stands for.
// RUN: tensel-opt %s -tensel-cse -mlir-print-debuginfo --remarks-filter="tensel-.*" --remark-format=emitRemark 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks

// CHECK-LABEL: func.func @equal
// CHECK: %[[X:.*]] = graph.exp %arg0 : {{.*}} loc(#[[BOTH:.*]])
// CHECK-NEXT: graph.add %[[X]], %[[X]]
// CHECK: #[[FIRST:.*]] = loc("first")
// CHECK: #[[SECOND:.*]] = loc("second")
// CHECK: #[[BOTH]] = loc(fused[#[[FIRST]], #[[SECOND]]])
// REMARK: [Passed] merge | Category:tensel-cse | Remark="the same as 'graph.exp' at 'first'"
func.func @equal(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.exp %x : (tensor<4xf32>) -> tensor<4xf32> loc("first")
  %1 = graph.exp %x : (tensor<4xf32>) -> tensor<4xf32> loc("second")
  %2 = graph.add %0, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> loc("sum")
  return %2 : tensor<4xf32>
}
