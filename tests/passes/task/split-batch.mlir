// RUN: tensel-opt %s -tensel-split-batch=rows=2 -split-input-file | FileCheck %s

// Eight samples in four slices of two: sliced by the iteration's number, put side by side again.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:.*]]: tensor<8x3xf32>
// CHECK: %[[STACK:.*]] = graph.reshape %[[X]], {{.*}} -> tensor<4x2x3xf32>
// CHECK: %[[LOOP:.*]] = graph.loop {{.*}} -> tensor<4x2x5xf32>
// CHECK: ^bb0(%[[I:.*]]: tensor<i64>):
// CHECK: %[[SLICE:.*]] = graph.gather %[[STACK]], %[[I]] {axis = 0 : i64} : (tensor<4x2x3xf32>, tensor<i64>) -> tensor<2x3xf32>
// CHECK: %[[PRODUCT:.*]] = graph.matmul %[[SLICE]], %arg1 {{.*}} -> tensor<2x5xf32>
// CHECK: %[[SUM:.*]] = graph.reduce sum {{.*}} -> tensor<2x1xf32>
// CHECK: %[[Y:.*]] = graph.div %{{.*}}, %[[SUM]] : {{.*}} -> tensor<2x5xf32>
// CHECK: graph.yield %{{.*}}, %[[Y]]
// CHECK: %[[R:.*]] = graph.reshape %[[LOOP]], {{.*}} -> tensor<8x5xf32>
// CHECK: return %[[R]]
func.func @main(%x: tensor<8x3xf32>, %w: tensor<3x5xf32>) -> tensor<8x5xf32> {
  %0 = graph.matmul %x, %w : (tensor<8x3xf32>, tensor<3x5xf32>) -> tensor<8x5xf32>
  %1 = graph.reduce sum %0 {axes = array<i64: 1>, keep_dims = true} : (tensor<8x5xf32>) -> tensor<8x1xf32>
  %2 = graph.div %0, %1 : (tensor<8x5xf32>, tensor<8x1xf32>) -> tensor<8x5xf32>
  return %2 : tensor<8x5xf32>
}

// -----

// Samples that meet: a sum over the batch, and a sample's place that counts. Nothing is split.
// CHECK-LABEL: func.func @mixes
// CHECK-NOT: graph.loop
func.func @mixes(%x: tensor<8x3xf32>) -> tensor<8x3xf32> {
  %0 = graph.reduce sum %x {axes = array<i64: 0>, keep_dims = true} : (tensor<8x3xf32>) -> tensor<1x3xf32>
  %1 = graph.sub %x, %0 : (tensor<8x3xf32>, tensor<1x3xf32>) -> tensor<8x3xf32>
  return %1 : tensor<8x3xf32>
}

// CHECK-LABEL: func.func @by_place
// CHECK-NOT: graph.loop
func.func @by_place(%x: tensor<8x3xf32>, %bias: tensor<8x3xf32>, %at: tensor<3xi64>) -> tensor<3x3xf32> {
  %0 = graph.gather %x, %at {axis = 0 : i64} : (tensor<8x3xf32>, tensor<3xi64>) -> tensor<3x3xf32>
  return %0 : tensor<3x3xf32>
}

// -----

// A view that joins the samples' rows with others, and one that parts them again.
// CHECK-LABEL: func.func @views
// CHECK: graph.loop
// CHECK: graph.reshape {{.*}} -> tensor<8x3xf32>
// CHECK: graph.exp {{.*}} -> tensor<8x3xf32>
// CHECK: graph.reshape {{.*}} -> tensor<2x12xf32>
func.func @views(%x: tensor<8x4x3xf32>) -> tensor<8x12xf32> {
  %rows = graph.constant dense<[32, 3]> : tensor<2xi64>
  %whole = graph.constant dense<[8, 12]> : tensor<2xi64>
  %0 = graph.reshape %x, %rows : (tensor<8x4x3xf32>, tensor<2xi64>) -> tensor<32x3xf32>
  %1 = graph.exp %0 : (tensor<32x3xf32>) -> tensor<32x3xf32>
  %2 = graph.reshape %1, %whole : (tensor<32x3xf32>, tensor<2xi64>) -> tensor<8x12xf32>
  return %2 : tensor<8x12xf32>
}

// -----

// Numbers that look like the result's shape, but are computed with, stay.
// CHECK-LABEL: func.func @numbers
// CHECK: %[[NUMBERS:.*]] = graph.constant dense<[8, 5]> : tensor<2xi64>
// CHECK: graph.loop
// CHECK: graph.add %{{.*}}, %[[NUMBERS]] : (tensor<2x2xi64>
func.func @numbers(%x: tensor<8x2xi64>) -> tensor<8x2xi64> {
  %0 = graph.constant dense<[8, 5]> : tensor<2xi64>
  %1 = graph.add %x, %0 : (tensor<8x2xi64>, tensor<2xi64>) -> tensor<8x2xi64>
  return %1 : tensor<8x2xi64>
}

// -----

// So few integers could be sizes; these are what the samples hold.
// CHECK-LABEL: func.func @integers
// CHECK: graph.loop
// CHECK: graph.mul {{.*}} -> tensor<2xi64>
func.func @integers(%x: tensor<8xi64>) -> tensor<8xi64> {
  %0 = graph.mul %x, %x : (tensor<8xi64>, tensor<8xi64>) -> tensor<8xi64>
  return %0 : tensor<8xi64>
}
