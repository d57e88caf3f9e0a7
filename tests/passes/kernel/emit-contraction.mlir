// A matrix product becomes register tiles: vectors of accumulators that the loop over K carries, fed from a packed panel.
// RUN: tensel-opt %s -tensel-lower-to-linalg -tensel-prepare-kernel -tensel-emit-contraction | FileCheck %s
// RUN: tensel-opt %s -tensel-lower-to-linalg -tensel-prepare-kernel -tensel-emit-contraction=vector-bits=512 | FileCheck %s --check-prefix=WIDE

// CHECK-LABEL: func.func private @product
// WIDE-LABEL: func.func private @product
func.func private @product(%a: tensor<64x128xf32>, %b: tensor<128x64xf32>, %out: tensor<64x64xf32>) -> tensor<64x64xf32> attributes {tensel.kernel} {
  // CHECK-NOT: linalg.generic
  // CHECK: scf.for {{.*}} iter_args{{.*}}vector<8xf32>
  // CHECK: vector.fma {{.*}} : vector<8xf32>
  // WIDE: vector.fma {{.*}} : vector<16xf32>
  %0 = graph.matmul %a, %b : (tensor<64x128xf32>, tensor<128x64xf32>) -> tensor<64x64xf32>
  return %0 : tensor<64x64xf32>
}

// A right side in blocks is read where it is, whatever the number of rows: no panel on the stack.
// CHECK-LABEL: func.func private @blocks
func.func private @blocks(%a: tensor<?x128xf32>, %b: tensor<3x128x16xf32>, %out: tensor<?x40xf32>) -> tensor<?x40xf32> attributes {tensel.kernel} {
  // CHECK-NOT: memref<{{[0-9]+}}xindex>
  // CHECK: %[[B:.*]] = memref.reinterpret_cast %arg1
  // CHECK: scf.for {{.*}} iter_args{{.*}}vector<8xf32>
  // CHECK: vector.load %[[B]]
  // CHECK: vector.fma
  %0 = graph.blocked_matmul %a, %b {columns = 40 : i64} : (tensor<?x128xf32>, tensor<3x128x16xf32>) -> tensor<?x40xf32>
  return %0 : tensor<?x40xf32>
}

// Halves are widened as they come; the result is rounded in the epilogue, so the sums stay in registers over all steps.
// CHECK-LABEL: func.func private @halves
func.func private @halves(%a: tensor<?x4096xbf16>, %b: tensor<3x4096x16xbf16>, %out: tensor<?x40xbf16>) -> tensor<?x40xbf16> attributes {tensel.kernel} {
  // CHECK: scf.for {{.*}} iter_args{{.*}}vector<8xf32>
  // CHECK: %[[B:.*]] = vector.load {{.*}} vector<8xbf16>
  // CHECK: arith.extf %[[B]] : vector<8xbf16> to vector<8xf32>
  // CHECK: memref.prefetch
  // CHECK: vector.fma
  // CHECK: arith.truncf {{.*}} : vector<8xf32> to vector<8xbf16>
  %0 = graph.blocked_matmul %a, %b {columns = 40 : i64} : (tensor<?x4096xbf16>, tensor<3x4096x16xbf16>) -> tensor<?x40xbf16>
  return %0 : tensor<?x40xbf16>
}

// What is no contraction is left to the loops.
// CHECK-LABEL: func.func private @elementwise
func.func private @elementwise(%a: tensor<64xf32>, %out: tensor<64xf32>) -> tensor<64xf32> attributes {tensel.kernel} {
  // CHECK: linalg.generic
  %0 = graph.relu %a : (tensor<64xf32>) -> tensor<64xf32>
  return %0 : tensor<64xf32>
}
