// RUN: tensel-opt %s -tensel-form-dispatches -canonicalize -split-input-file -verify-diagnostics | FileCheck %s

graph.symbol @N {max = 8 : i64}

// Structurally equal kernels are one function, whatever node they come from.
// CHECK-LABEL: func.func @shared
// CHECK: %[[N:.*]] = tensor.dim %arg0
// CHECK: task.dispatch @k0(%arg0, %arg1) dims(%[[N]]) {sizes = [array<i64: 0, 16, 1, 0, 3, 0>], task.apart = "'matmul' reads its operands from memory"
// CHECK: task.dispatch @k0
// CHECK: func.func private @k0(%{{.*}}: tensor<?x4xf32> {graph.dims = ["d0", 4]}, %{{.*}}: tensor<4x4xf32>, %{{.*}}: tensor<?x4xf32> {graph.dims = ["d0", 4]}) -> tensor<?x4xf32> attributes {tensel.kernel, tensel.num_outs = 1 : i64}
// CHECK-NOT: @k1
func.func @shared(%x: tensor<?x4xf32> {graph.dims = ["N", 4]}, %w: tensor<4x4xf32>) -> tensor<?x4xf32> {
  %a = graph.matmul %x, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %b = graph.matmul %a, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  return %b : tensor<?x4xf32>
}

// -----

graph.symbol @N {max = 8 : i64}

// A reshape is no kernel and a shape is computed by the host.
// CHECK-LABEL: func.func @reshape
// CHECK: task.alias %arg0 dims(%{{.*}}) : tensor<?x4xf32> -> tensor<?xf32>
// CHECK: task.from_elements %{{.*}} : tensor<1xi64>
func.func @reshape(%x: tensor<?x4xf32> {graph.dims = ["N", 4]}) -> (tensor<?xf32>, tensor<1xi64>) {
  %minus = graph.constant dense<-1> : tensor<1xi64>
  %r = graph.reshape %x, %minus : (tensor<?x4xf32>, tensor<1xi64>) -> tensor<?xf32>
  %s = graph.shape_of %r : (tensor<?xf32>) -> tensor<1xi64>
  return %r, %s : tensor<?xf32>, tensor<1xi64>
}

// -----

func.func @unbounded(%n: tensor<1xi64>, %x: tensor<1xf32>) -> tensor<?xf32> {
  // expected-error @+1 {{found no upper bound for dim 0}}
  %r = graph.expand %x, %n : (tensor<1xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

graph.symbol @S {max = 8 : i64}

// Attention is one dispatch, which reads its tables of numbers from memory.
// CHECK-LABEL: func.func @attention
// CHECK: %[[SLOPES:.*]] = graph.constant
// CHECK: task.dispatch @k0(%arg0, %[[SLOPES]])
// CHECK: func.func private @k0
// CHECK-NEXT: graph.attention
// CHECK-NEXT: return
func.func @attention(%x: tensor<1x?x2x8xf32> {graph.dims = [1, "S", 2, 8]}) -> tensor<1x?x2x8xf32> {
  %slopes = graph.constant dense<[0.5, 0.25]> : tensor<2xf32>
  %0 = graph.attention causal %x, %x, %x slopes %slopes {scale = 1.0 : f64}
    : (tensor<1x?x2x8xf32>, tensor<1x?x2x8xf32>, tensor<1x?x2x8xf32>, tensor<2xf32>) -> tensor<1x?x2x8xf32>
  return %0 : tensor<1x?x2x8xf32>
}
