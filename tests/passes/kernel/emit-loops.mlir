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

// A window of nine is straight code in the loop that it moves along, which the vectoriser takes then; one of 121 stays loops.
// CHECK-LABEL: func.func private @small_window
// CHECK-COUNT-9: arith.mulf
// CHECK-NOT: arith.mulf
// CHECK-LABEL: func.func private @large_window
func.func private @small_window(%x: tensor<1x4x18x18xf32>, %f: tensor<4x1x3x3xf32>, %out: tensor<1x4x16x16xf32>) -> tensor<1x4x16x16xf32> attributes {tensel.kernel} {
  %0 = graph.conv %x, %f {groups = 4 : i64, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x4x18x18xf32>, tensor<4x1x3x3xf32>) -> tensor<1x4x16x16xf32>
  return %0 : tensor<1x4x16x16xf32>
}
// CHECK-COUNT-1: arith.mulf
// CHECK-NOT: arith.mulf
func.func private @large_window(%x: tensor<1x4x26x26xf32>, %f: tensor<4x1x11x11xf32>, %out: tensor<1x4x16x16xf32>) -> tensor<1x4x16x16xf32> attributes {tensel.kernel} {
  %0 = graph.conv %x, %f {groups = 4 : i64, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>} : (tensor<1x4x26x26xf32>, tensor<4x1x11x11xf32>) -> tensor<1x4x16x16xf32>
  return %0 : tensor<1x4x16x16xf32>
}

// Where a row is padded is no question of each element: it is filled, copied and filled, and a row that is all padding only filled.
// CHECK-LABEL: func.func private @pad
// CHECK: %[[INSIDE:.*]] = arith.cmpi ult
// CHECK: %[[TO:.*]] = arith.select %[[INSIDE]], %{{.*}}, %[[FROM:.*]] : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[FROM]]
// CHECK-NEXT: memref.store %cst
// CHECK: scf.for %{{.*}} = %[[FROM]] to %[[TO]]
// CHECK: %[[X:.*]] = memref.load %arg0
// CHECK-NEXT: memref.store %[[X]]
// CHECK: scf.for %{{.*}} = %[[TO]]
// CHECK-NEXT: memref.store %cst
// CHECK-NOT: scf.for
func.func private @pad(%x: tensor<?x?xf32>, %out: tensor<?x?xf32>) -> tensor<?x?xf32> attributes {tensel.kernel, tensel.num_outs = 1 : i64} {
  %p = graph.constant dense<[1, 1, 1, 1]> : tensor<4xi64>
  %z = graph.constant dense<0.0> : tensor<f32>
  %0 = graph.pad constant %x, %p, %z : (tensor<?x?xf32>, tensor<4xi64>, tensor<f32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}
