// Attention becomes one nest over tiles of keys whose scores live on the stack.
// RUN: tensel-opt %s -tensel-lower-to-linalg -tensel-prepare-kernel -tensel-emit-attention | FileCheck %s
// RUN: tensel-opt %s -tensel-lower-to-linalg -tensel-prepare-kernel -tensel-emit-attention=vector-bits=512 | FileCheck %s --check-prefix=WIDE
// RUN: tensel-opt %s -tensel-lower-to-linalg -tensel-prepare-kernel '-tensel-emit-attention=vector-bits=512 any-lanes=false' | FileCheck %s --check-prefix=FIXED

// No buffer has a size that grows with the number of queries or keys; keys are read between the first and the last visible one.
// CHECK-LABEL: func.func private @causal
// WIDE-LABEL: func.func private @causal
func.func private @causal(%q: tensor<?x?x9x64xf32>, %k: tensor<?x?x3x64xf32>, %v: tensor<?x?x3x64xf32>, %p: tensor<?x?xi64>,
                          %out: tensor<?x?x9x64xf32>) -> tensor<?x?x9x64xf32> attributes {tensel.kernel} {
  // CHECK-NOT: memref.alloc(
  // CHECK-DAG: memref.alloca() {{.*}} : memref<3072xf32>
  // CHECK-NOT: linalg.generic
  // CHECK: scf.for
  // CHECK: } {tensel.parallel}
  // WIDE: %[[SEEN:.*]]:4 = scf.for {{.*}} iter_args
  // WIDE: scf.for %{{.*}} = %[[SEEN]]#0 to %[[SEEN]]#1 step %c64
  // WIDE: vector.fma {{.*}} : vector<16xf32>
  // WIDE: scf.if
  %0 = graph.attention causal %q, %k, %v positions %p {scale = 0.125 : f64, window = 100 : i64}
    : (tensor<?x?x9x64xf32>, tensor<?x?x3x64xf32>, tensor<?x?x3x64xf32>, tensor<?x?xi64>) -> tensor<?x?x9x64xf32>
  return %0 : tensor<?x?x9x64xf32>
}

// Where every query sees every key there is no arithmetic of masks.
// CHECK-LABEL: func.func private @full
func.func private @full(%q: tensor<1x?x2x8xf32>, %k: tensor<1x?x2x8xf32>, %out: tensor<1x?x2x8xf32>) -> tensor<1x?x2x8xf32> attributes {tensel.kernel} {
  // CHECK-NOT: scf.if
  // CHECK-NOT: vector<8xi1>{{.*}}vector<8xi32>
  // CHECK: return
  %0 = graph.attention full %q, %k, %k {scale = 1.0 : f64} : (tensor<1x?x2x8xf32>, tensor<1x?x2x8xf32>, tensor<1x?x2x8xf32>) -> tensor<1x?x2x8xf32>
  return %0 : tensor<1x?x2x8xf32>
}

// One query, whose three rows share keys: lanes are keys, whose sums are added up, and rows of keys and values are asked for ahead. Where the
// order of sums must not depend on the width of vectors, lanes are rows.
// CHECK-LABEL: func.func private @decode
// WIDE-LABEL: func.func private @decode
// FIXED-LABEL: func.func private @decode
func.func private @decode(%q: tensor<?x1x9x64xf32>, %k: tensor<?x?x3x64xf32>, %p: tensor<?x1xi64>, %out: tensor<?x1x9x64xf32>) -> tensor<?x1x9x64xf32> attributes {tensel.kernel} {
  // CHECK: memref.prefetch
  // WIDE: vector.shuffle
  // WIDE: vector.reduction <maxnumf>, %{{.*}} fastmath<nnan>
  // WIDE: vector.reduction <add>, %{{.*}} fastmath<reassoc>
  // FIXED-NOT: vector.reduction
  %0 = graph.attention causal %q, %k, %k positions %p {scale = 0.125 : f64}
    : (tensor<?x1x9x64xf32>, tensor<?x?x3x64xf32>, tensor<?x?x3x64xf32>, tensor<?x1xi64>) -> tensor<?x1x9x64xf32>
  return %0 : tensor<?x1x9x64xf32>
}
