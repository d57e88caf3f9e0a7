// Graph ops of a kernel become linalg on tensors that write to the destination arguments; ops that compute element by
// element are pulled into the loops that need them.
// RUN: tensel-opt %s -tensel-lower-to-linalg -canonicalize -cse | FileCheck %s

// CHECK-DAG: #[[WINDOW:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2 * 2 + d3)>

// An elementwise chain is one loop nest; dims of one name are equal, so nothing is tested for being 1.
// CHECK-LABEL: func.func private @chain
// CHECK-SAME: %[[A:[a-z0-9]+]]: tensor<?x64xf32> {{.*}}, %[[B:[a-z0-9]+]]: tensor<?x64xf32> {{.*}}, %[[C:[a-z0-9]+]]: tensor<64xf32>, %[[OUT:[a-z0-9]+]]: tensor<?x64xf32>)
func.func private @chain(%a: tensor<?x64xf32> {graph.dims = ["N", 64]}, %b: tensor<?x64xf32> {graph.dims = ["N", 64]}, %c: tensor<64xf32>, %out: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {tensel.kernel} {
  // CHECK-NOT: arith.cmpi
  // CHECK: linalg.generic
  // CHECK-SAME: ins(%[[A]], %[[B]], %[[C]] {{.*}}) outs(%[[OUT]]
  // CHECK: arith.addf
  // CHECK: arith.mulf
  // CHECK: arith.maximumf
  // CHECK-NOT: linalg.generic
  // CHECK-NOT: graph.
  %0 = graph.add %a, %b : (tensor<?x64xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  %1 = graph.mul %0, %c : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
  %2 = graph.relu %1 : (tensor<?x64xf32>) -> tensor<?x64xf32>
  return %2 : tensor<?x64xf32>
}

// Two dims that nothing ties together: each may be the 1 that broadcasts.
// CHECK-LABEL: func.func private @maybe_broadcast
func.func private @maybe_broadcast(%a: tensor<?xf32>, %b: tensor<?xf32>, %out: tensor<?xf32>) -> tensor<?xf32> attributes {tensel.kernel} {
  // CHECK-COUNT-2: arith.cmpi eq
  // CHECK: linalg.generic
  // CHECK-COUNT-2: tensor.extract
  %0 = graph.add %a, %b : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// Unsigned types become signless, in the signature too; the ops keep their meaning.
// CHECK-LABEL: func.func private @unsigned(%arg0: tensor<4xi8>, %arg1: tensor<4xi8>, %arg2: tensor<4xi8>) -> tensor<4xi8>
func.func private @unsigned(%a: tensor<4xui8>, %b: tensor<4xui8>, %out: tensor<4xui8>) -> tensor<4xui8> attributes {tensel.kernel} {
  // CHECK: arith.maxui
  %0 = graph.max %a, %b : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  return %0 : tensor<4xui8>
}

// A sum of bf16 accumulates in f32.
// CHECK-LABEL: func.func private @product
func.func private @product(%a: tensor<64x128xbf16>, %b: tensor<128x32xbf16>, %out: tensor<64x32xbf16>) -> tensor<64x32xbf16> attributes {tensel.kernel} {
  // CHECK: linalg.fill {{.*}} outs(%{{.*}} : tensor<64x32xf32>)
  // CHECK: iterator_types = ["parallel", "parallel", "reduction"]
  // CHECK: arith.extf
  // CHECK: arith.addf {{.*}} fastmath<reassoc,contract> : f32
  // CHECK: arith.truncf
  %0 = graph.matmul %a, %b : (tensor<64x128xbf16>, tensor<128x32xbf16>) -> tensor<64x32xbf16>
  return %0 : tensor<64x32xbf16>
}

// A reduction that keeps dims reads and writes without them, so that its consumers can be fused.
// CHECK-LABEL: func.func private @shift
func.func private @shift(%a: tensor<?x64xf32>, %out: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {tensel.kernel} {
  // CHECK: tensor.empty(%{{.*}}) : tensor<?xf32>
  // CHECK: iterator_types = ["parallel", "reduction"]
  // CHECK: arith.maximumf
  // CHECK-NOT: expand_shape
  // CHECK: iterator_types = ["parallel", "parallel"]
  // CHECK: arith.subf
  // CHECK: math.exp
  %0 = graph.reduce max %a {axes = array<i64: 1>, keep_dims = true} : (tensor<?x64xf32>) -> tensor<?x1xf32>
  %1 = graph.sub %a, %0 : (tensor<?x64xf32>, tensor<?x1xf32>) -> tensor<?x64xf32>
  %2 = graph.exp %1 : (tensor<?x64xf32>) -> tensor<?x64xf32>
  return %2 : tensor<?x64xf32>
}

// A depthwise convolution has no loop over channels of a group.
// CHECK-LABEL: func.func private @depthwise
func.func private @depthwise(%a: tensor<?x8x10xf32>, %w: tensor<8x1x3xf32>, %out: tensor<?x8x4xf32>) -> tensor<?x8x4xf32> attributes {tensel.kernel} {
  // CHECK: linalg.generic
  // CHECK-SAME: indexing_maps = [#[[WINDOW]],
  // CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "reduction"]
  %0 = graph.conv %a, %w {strides = array<i64: 2>, dilations = array<i64: 1>, groups = 8 : i64} : (tensor<?x8x10xf32>, tensor<8x1x3xf32>) -> tensor<?x8x4xf32>
  return %0 : tensor<?x8x4xf32>
}

// What lies in memory is reshaped by a view, not by dividing indices; the branches of a concat are taken lazily.
// CHECK-LABEL: func.func private @joined
func.func private @joined(%a: tensor<?x4x6xf32>, %b: tensor<2x24xf32>, %out: tensor<?x24xf32>) -> tensor<?x24xf32> attributes {tensel.kernel} {
  // CHECK: %[[VIEW:.*]] = tensor.collapse_shape
  // CHECK-NOT: arith.divui
  // CHECK: scf.if
  // CHECK: tensor.extract %[[VIEW]]
  // CHECK: else
  // CHECK: tensor.extract %arg1
  %shape = graph.constant dense<[-1, 24]> : tensor<2xi64>
  %0 = graph.reshape %a, %shape : (tensor<?x4x6xf32>, tensor<2xi64>) -> tensor<?x24xf32>
  %1 = graph.concat %0, %b {axis = 0 : i64} : (tensor<?x24xf32>, tensor<2x24xf32>) -> tensor<?x24xf32>
  return %1 : tensor<?x24xf32>
}

// An index counts from the end when negative and is clamped: nothing outside of the data is ever read.
// CHECK-LABEL: func.func private @gathered
func.func private @gathered(%a: tensor<?x6xf32>, %i: tensor<3xi64>, %out: tensor<3x6xf32>) -> tensor<3x6xf32> attributes {tensel.kernel} {
  // CHECK: %[[WRAPPED:.*]] = arith.select
  // CHECK: %[[LOW:.*]] = arith.minsi %[[WRAPPED]]
  // CHECK: %[[SAFE:.*]] = arith.maxsi %[[LOW]]
  // CHECK: tensor.extract %arg0[%[[SAFE]], %{{.*}}]
  %0 = graph.gather %a, %i {axis = 0 : i64} : (tensor<?x6xf32>, tensor<3xi64>) -> tensor<3x6xf32>
  return %0 : tensor<3x6xf32>
}

// Updates are written one after the other into a copy of the data that lies in the destination.
// CHECK-LABEL: func.func private @scattered
func.func private @scattered(%a: tensor<4xf32>, %i: tensor<9xi64>, %u: tensor<9xf32>, %out: tensor<4xf32>) -> tensor<4xf32> attributes {tensel.kernel} {
  // CHECK: %[[COPY:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %arg3)
  // CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[COPY]])
  // CHECK: arith.addf
  // CHECK: tensor.insert
  %0 = graph.scatter_elements add %a, %i, %u {axis = 0 : i64} : (tensor<4xf32>, tensor<9xi64>, tensor<9xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// A mean divides by the taps that lie inside of the input; every read of a padded window is checked.
// CHECK-LABEL: func.func private @pooled
func.func private @pooled(%a: tensor<1x2x?xf32>, %out: tensor<1x2x?xf32>) -> tensor<1x2x?xf32> attributes {tensel.kernel} {
  // CHECK: linalg.generic
  // CHECK-COUNT-3: scf.if
  // CHECK: arith.divf
  %0 = graph.pool mean %a {kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 1>, pads_low = array<i64: 1>, pads_high = array<i64: 1>} : (tensor<1x2x?xf32>) -> tensor<1x2x?xf32>
  return %0 : tensor<1x2x?xf32>
}

// What is no kernel is left alone.
// CHECK-LABEL: func.func @host
func.func @host(%a: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: graph.relu
  %0 = graph.relu %a : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
