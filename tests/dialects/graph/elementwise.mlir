// Elementwise ops infer NumPy broadcasting and fold identities.
// RUN: tensel-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: func @relu_of_relu
func.func @relu_of_relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: %[[RELU:.*]] = graph.relu
  // CHECK-NOT: graph.relu
  // CHECK: return %[[RELU]]
  %0 = graph.relu %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.relu %0 : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: func @broadcast
func.func @broadcast(%x: tensor<?x1x3xf32>, %y: tensor<5x1xf32>) -> tensor<?x5x3xf32> {
  // CHECK: graph.add {{.*}} -> tensor<?x5x3xf32>
  %0 = graph.add %x, %y : (tensor<?x1x3xf32>, tensor<5x1xf32>) -> tensor<?x5x3xf32>
  return %0 : tensor<?x5x3xf32>
}

// x + 0 is x for integers; -0.0 + 0.0 is not -0.0.
// CHECK-LABEL: func @add_zero
func.func @add_zero(%x: tensor<2xi32>, %y: tensor<2xf32>) -> (tensor<2xi32>, tensor<2xf32>) {
  %i = graph.constant dense<0> : tensor<2xi32>
  %f = graph.constant dense<0.0> : tensor<2xf32>
  // CHECK: graph.add {{.*}} tensor<2xf32>
  // CHECK-NOT: graph.add
  %0 = graph.add %x, %i : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>
  %1 = graph.add %y, %f : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %0, %1 : tensor<2xi32>, tensor<2xf32>
}

// CHECK-LABEL: func @unsigned
func.func @unsigned(%x: tensor<3xui8>) -> tensor<3xi1> {
  // CHECK: graph.compare lt %{{.*}}, %{{.*}} : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xi1>
  %0 = graph.compare lt %x, %x : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xi1>
  return %0 : tensor<3xi1>
}

// A reduction along no axis combines nothing.
// CHECK-LABEL: func @reduce_along_nothing
func.func @reduce_along_nothing(%x: tensor<?x3xf16>) -> tensor<?x3xf16> {
  // CHECK-NEXT: return %arg0
  %0 = graph.reduce sum %x {axes = array<i64>, keep_dims = true} : (tensor<?x3xf16>) -> tensor<?x3xf16>
  return %0 : tensor<?x3xf16>
}
