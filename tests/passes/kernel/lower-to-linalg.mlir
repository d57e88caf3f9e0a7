// Graph ops of a kernel become linalg on tensors; an elementwise chain is one loop nest that writes to the destination.
// RUN: tensel-opt %s -tensel-lower-to-linalg | FileCheck %s

// CHECK-LABEL: func.func private @chain
// CHECK-SAME: %[[OUT:[a-z0-9]+]]: tensor<?x64xf32>) -> tensor<?x64xf32>
func.func private @chain(%a: tensor<?x64xf32>, %b: tensor<64xf32>, %out: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {tensel.kernel} {
  // CHECK: linalg.generic
  // CHECK-SAME: outs(%[[OUT]]
  // CHECK: arith.addf
  // CHECK: arith.maximumf
  // CHECK-NOT: linalg.generic
  // CHECK-NOT: graph.
  %0 = graph.add %a, %b : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
  %1 = graph.relu %0 : (tensor<?x64xf32>) -> tensor<?x64xf32>
  return %1 : tensor<?x64xf32>
}

// CHECK-LABEL: func.func private @product
func.func private @product(%a: tensor<64x128xf32>, %b: tensor<128x32xf32>, %out: tensor<64x32xf32>) -> tensor<64x32xf32> attributes {tensel.kernel} {
  // CHECK: linalg.fill
  // CHECK: iterator_types = ["parallel", "parallel", "reduction"]
  %0 = graph.matmul %a, %b : (tensor<64x128xf32>, tensor<128x32xf32>) -> tensor<64x32xf32>
  return %0 : tensor<64x32xf32>
}

// What is no kernel is left alone.
// CHECK-LABEL: func.func @host
func.func @host(%a: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: graph.relu
  %0 = graph.relu %a : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
