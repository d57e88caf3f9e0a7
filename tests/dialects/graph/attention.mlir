// RUN: tensel-opt %s -split-input-file -verify-diagnostics | FileCheck %s
// RUN: tensel-opt %s -split-input-file -verify-diagnostics -tensel-decompose=all | FileCheck %s --check-prefix=PARTS
// Attention: result dims, optional operands, and its definition in terms of other ops.

// CHECK-LABEL: func.func @causal
// PARTS-LABEL: func.func @causal
func.func @causal(%q: tensor<?x?x4x8xf32>, %k: tensor<?x?x2x8xf32>, %v: tensor<?x?x2x6xf32>, %p: tensor<?x?xi64>) -> tensor<?x?x4x6xf32> {
  // CHECK: graph.attention causal %{{.*}}, %{{.*}}, %{{.*}} positions %{{.*}} {scale = 5.000000e-01 : f64, window = 16 : i64}
  // PARTS: graph.matmul %{{.*}} {transpose_rhs = true} : (tensor<?x2x2x?x8xf32>, tensor<?x2x1x?x8xf32>) -> tensor<?x2x2x?x?xf32>
  // PARTS: graph.compare le
  // PARTS: graph.compare lt
  // PARTS: graph.select
  // PARTS: graph.matmul {{.*}} -> tensor<?x2x2x?x6xf32>
  // PARTS-NOT: graph.attention
  %0 = graph.attention causal %q, %k, %v positions %p {scale = 0.5 : f64, window = 16 : i64}
    : (tensor<?x?x4x8xf32>, tensor<?x?x2x8xf32>, tensor<?x?x2x6xf32>, tensor<?x?xi64>) -> tensor<?x?x4x6xf32>
  return %0 : tensor<?x?x4x6xf32>
}

// -----

// CHECK-LABEL: func.func @everything
// PARTS-LABEL: func.func @everything
func.func @everything(%q: tensor<1x3x4x8xf16>, %k: tensor<1x5x4x8xf16>, %l: tensor<1xi64>, %s: tensor<4xf32>, %b: tensor<1x4x3x5xf32>) -> tensor<1x3x4x8xf16> {
  // CHECK: graph.attention full %{{.*}}, %{{.*}}, %{{.*}} lengths %{{.*}} slopes %{{.*}} bias %{{.*}} {scale
  // PARTS: graph.tanh
  // PARTS: graph.cast %{{.*}} {to = f16}
  %0 = graph.attention full %q, %k, %k lengths %l slopes %s bias %b {scale = 1.0 : f64, softcap = 5.0 : f64}
    : (tensor<1x3x4x8xf16>, tensor<1x5x4x8xf16>, tensor<1x5x4x8xf16>, tensor<1xi64>, tensor<4xf32>, tensor<1x4x3x5xf32>) -> tensor<1x3x4x8xf16>
  return %0 : tensor<1x3x4x8xf16>
}

// -----

func.func @heads(%q: tensor<1x3x4x8xf32>, %k: tensor<1x5x3x8xf32>) {
  // expected-error@+2 {{expected key and value heads that divide the 4 query heads, found 3 and 3}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = graph.attention full %q, %k, %k {scale = 1.0 : f64} : (tensor<1x3x4x8xf32>, tensor<1x5x3x8xf32>, tensor<1x5x3x8xf32>) -> tensor<1x3x4x8xf32>
  return
}

// -----

func.func @lengths(%q: tensor<2x3x4x8xf32>, %l: tensor<3xi64>) {
  // expected-error@+2 {{expected 2 as dim 0 of the lengths, found 3}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = graph.attention full %q, %q, %q lengths %l {scale = 1.0 : f64} : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<3xi64>) -> tensor<2x3x4x8xf32>
  return
}

// -----

func.func @bias(%q: tensor<2x3x4x8xf32>, %b: tensor<1x4x1x5xf32>) {
  // expected-error@+2 {{expected 3 as dim 3 of the bias, found 5}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = graph.attention full %q, %q, %q bias %b {scale = 1.0 : f64} : (tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<2x3x4x8xf32>, tensor<1x4x1x5xf32>) -> tensor<2x3x4x8xf32>
  return
}
