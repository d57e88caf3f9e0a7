// What replaces an op names its source node, too, and says so.
// RUN: tensel-opt %s -tensel-canonicalize -mlir-print-debuginfo --remarks-filter="tensel-.*" --remark-format=emitRemark 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks

// The cast to the same type goes; what it read stands for it.
// CHECK-LABEL: func.func @merged
// CHECK: graph.exp %arg0 : {{.*}} loc(#[[BOTH:.*]])
// CHECK-NEXT: return
// CHECK: #[[FIRST:.*]] = loc("first")
// CHECK: #[[SECOND:.*]] = loc("second")
// CHECK: #[[BOTH]] = loc(fused[#[[FIRST]], #[[SECOND]]])
// REMARK-DAG: [Passed] merge | Category:tensel-canonicalize | Remark="its value is that of 'graph.exp' at 'first'"
func.func @merged(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.exp %x : (tensor<4xf32>) -> tensor<4xf32> loc("first")
  %1 = graph.cast %0 {to = f32} : (tensor<4xf32>) -> tensor<4xf32> loc("second")
  return %1 : tensor<4xf32>
}

// REMARK-DAG: [Passed] drop | Category:tensel-canonicalize | Remark="nothing reads its result"
func.func @dropped(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = graph.exp %x : (tensor<4xf32>) -> tensor<4xf32> loc("unread")
  return %x : tensor<4xf32>
}
