// A product with a right side in blocks of columns: what it means, and what fits no shape.
// RUN: tensel-opt %s -split-input-file -verify-diagnostics -tensel-decompose | FileCheck %s

// CHECK-LABEL: func @meaning
func.func @meaning(%x: tensor<?x6xf32>, %blocks: tensor<3x6x16xf32>) -> tensor<?x40xf32> {
  // CHECK: graph.transpose %arg1 {permutation = array<i64: 1, 0, 2>} : (tensor<3x6x16xf32>) -> tensor<6x3x16xf32>
  // CHECK: graph.reshape {{.*}} -> tensor<6x48xf32>
  // CHECK: graph.slice {{.*}} -> tensor<6x40xf32>
  // CHECK: graph.matmul %arg0, {{.*}} -> tensor<?x40xf32>
  %0 = graph.blocked_matmul %x, %blocks {columns = 40 : i64} : (tensor<?x6xf32>, tensor<3x6x16xf32>) -> tensor<?x40xf32>
  return %0 : tensor<?x40xf32>
}

// -----

func.func @too_few_blocks(%x: tensor<2x6xf32>, %blocks: tensor<2x6x16xf32>) {
  // expected-error @+2 {{expected 40 columns in blocks of 16, found 2 blocks}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.blocked_matmul %x, %blocks {columns = 40 : i64} : (tensor<2x6xf32>, tensor<2x6x16xf32>) -> tensor<2x40xf32>
  return
}

// -----

func.func @depth(%x: tensor<2x5xf32>, %blocks: tensor<3x6x16xf32>) {
  // expected-error @+2 {{inner dims differ: 5 and 6}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.blocked_matmul %x, %blocks {columns = 40 : i64} : (tensor<2x5xf32>, tensor<3x6x16xf32>) -> tensor<2x40xf32>
  return
}

// -----

func.func @rank(%x: tensor<2x5xf32>, %blocks: tensor<6x16xf32>) {
  // expected-error @+2 {{expected operands of rank 2 or more and 3 or more, found 2 and 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %0 = graph.blocked_matmul %x, %blocks {columns = 16 : i64} : (tensor<2x5xf32>, tensor<6x16xf32>) -> tensor<2x16xf32>
  return
}
