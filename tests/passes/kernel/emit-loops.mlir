// A kernel on tensors becomes loops on memrefs, the outermost one parallel; it has no result any more.
// RUN: tensel-opt %s -tensel-lower-to-linalg -tensel-prepare-kernel -tensel-emit-loops | FileCheck %s

// CHECK-LABEL: func.func private @chain
// CHECK-SAME: (%[[A:.*]]: memref<?x64xf32>, %[[B:.*]]: memref<64xf32>, %[[OUT:.*]]: memref<?x64xf32>) attributes
func.func private @chain(%a: tensor<?x64xf32>, %b: tensor<64xf32>, %out: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {tensel.kernel} {
  // CHECK: scf.for
  // CHECK: scf.for
  // CHECK: arith.addf
  // CHECK-NEXT: arith.maximumf
  // CHECK-NEXT: memref.store
  // CHECK-NOT: memref.alloc()
  // CHECK: {tensel.parallel}
  %0 = graph.add %a, %b : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
  %1 = graph.relu %0 : (tensor<?x64xf32>) -> tensor<?x64xf32>
  return %1 : tensor<?x64xf32>
}
