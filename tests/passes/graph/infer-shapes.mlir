// RUN: tensel-opt %s -tensel-infer-shapes -split-input-file -verify-diagnostics | FileCheck %s

graph.symbol @N {max = 8 : i64}

// The elements of a computed shape are followed: [N, -1] makes the second dim 640.
// CHECK-LABEL: func.func @reshape_by_computed_shape
func.func @reshape_by_computed_shape(%x: tensor<?x64x10xf32> {graph.dims = ["N", 64, 10]}) -> tensor<?x?xf32> {
  %s = graph.shape_of %x : (tensor<?x64x10xf32>) -> tensor<3xi64>
  %zero = graph.constant dense<[0]> : tensor<1xi64>
  %n = graph.gather %s, %zero {axis = 0 : i64} : (tensor<3xi64>, tensor<1xi64>) -> tensor<1xi64>
  %minus = graph.constant dense<-1> : tensor<1xi64>
  %shape = graph.concat %n, %minus {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  // CHECK: graph.reshape {{.*}} -> tensor<?x640xf32>
  %r = graph.reshape %x, %shape : (tensor<?x64x10xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  // CHECK: graph.relu {{.*}} -> tensor<?x640xf32>
  %e = graph.relu %r : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %e : tensor<?x?xf32>
}

// -----

// CHECK-LABEL: func.func @slice_of_dim
// CHECK: graph.slice {{.*}} -> tensor<3xf32>
func.func @slice_of_dim(%x: tensor<8xf32>, %y: tensor<3x5xf32>) -> tensor<?xf32> {
  %s = graph.shape_of %y : (tensor<3x5xf32>) -> tensor<2xi64>
  %zero = graph.constant dense<[0]> : tensor<1xi64>
  %one = graph.constant dense<[1]> : tensor<1xi64>
  %end = graph.gather %s, %zero {axis = 0 : i64} : (tensor<2xi64>, tensor<1xi64>) -> tensor<1xi64>
  %r = graph.slice %x, %zero, %end, %one {axes = array<i64: 0>} : (tensor<8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

// expected-error @+1 {{found the dim name 'M' without a graph.symbol}}
func.func @no_symbol(%x: tensor<?xf32> {graph.dims = ["M"]}) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}
