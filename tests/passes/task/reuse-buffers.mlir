// RUN: tensel-opt %s -tensel-plan-memory -split-input-file | FileCheck %s

// A chain of elementwise kernels lives in one buffer: each result is written over the input that dies there. The kernel that reads
// its input transposed needs another buffer, and so does the one whose input is needed later.
// CHECK: func.func @main
// CHECK-SAME: [{first = 0 : i64, last = 4 : i64, name = "{{[^"]*}}", size_expr = array<i64: 0, 64>}, {first = 2 : i64, last = 3 : i64
// CHECK-NOT: first
func.func @main(%x: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {tensel.entry} {
  // CHECK: task.dispatch @exp(%{{.*}}) {ids = array<i64: 0>
  %a = task.dispatch @exp(%x) {sizes = [array<i64: 0, 64>]} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  // CHECK: task.dispatch @exp_over_0(%{{.*}}) {ids = array<i64: 0>
  %b = task.dispatch @exp(%a) {sizes = [array<i64: 0, 64>]} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  // CHECK: task.dispatch @flip(%{{.*}}) {ids = array<i64: 1>
  %c = task.dispatch @flip(%b) {sizes = [array<i64: 0, 64>]} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  // CHECK: task.dispatch @add_over_0(%{{.*}}, %{{.*}}) {ids = array<i64: 0>
  %d = task.dispatch @add(%b, %c) {sizes = [array<i64: 0, 64>]} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %d : tensor<4x4xf32>
}
// CHECK: func.func private @exp(
// CHECK-NOT: in_place
// CHECK: func.func private @exp_over_0({{.*}}tensel.in_place = array<i64: 0>
func.func private @exp(%a: tensor<4x4xf32>, %o: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {tensel.kernel, tensel.num_outs = 1 : i64} {
  %0 = graph.exp %a : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}
func.func private @flip(%a: tensor<4x4xf32>, %o: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {tensel.kernel, tensel.num_outs = 1 : i64} {
  %0 = graph.transpose %a {permutation = array<i64: 1, 0>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}
// CHECK-NOT: @add(
func.func private @add(%a: tensor<4x4xf32>, %b: tensor<4x4xf32>, %o: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {tensel.kernel, tensel.num_outs = 1 : i64} {
  %0 = graph.add %a, %b : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

// What a branch or an input gives is not written over, and an input that is read both ways in one kernel is not either.
// CHECK: func.func @keep
// CHECK-NOT: _over
func.func @keep(%x: tensor<4x4xf32>, %go: tensor<i1>) -> tensor<4x4xf32> attributes {tensel.entry} {
  %a = task.dispatch @addFlip(%x, %x) {sizes = [array<i64: 0, 64>]} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %b = task.dispatch @addFlip(%a, %a) {sizes = [array<i64: 0, 64>]} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %c = graph.if %go : tensor<i1> -> (tensor<4x4xf32>) {
    graph.yield %x : tensor<4x4xf32>
  } else {
    graph.yield %b : tensor<4x4xf32>
  }
  %d = task.dispatch @addFlip(%c, %b) {sizes = [array<i64: 0, 64>]} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %d : tensor<4x4xf32>
}
func.func private @addFlip(%a: tensor<4x4xf32>, %b: tensor<4x4xf32>, %o: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {tensel.kernel, tensel.num_outs = 1 : i64} {
  %0 = graph.transpose %b {permutation = array<i64: 1, 0>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = graph.add %a, %0 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %1 : tensor<4x4xf32>
}

// -----

// A dim of one is read at 0 and written at its loop: the same place.
// CHECK: func.func @one
// CHECK: task.dispatch @add_over_0
func.func @one(%x: tensor<1x4x4xf32>) -> tensor<1x4x4xf32> attributes {tensel.entry} {
  %a = task.dispatch @add(%x, %x) {sizes = [array<i64: 0, 64>]} : (tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %b = task.dispatch @add(%a, %x) {sizes = [array<i64: 0, 64>]} : (tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  return %b : tensor<1x4x4xf32>
}
func.func private @add(%a: tensor<1x4x4xf32>, %b: tensor<1x4x4xf32>, %o: tensor<1x4x4xf32>) -> tensor<1x4x4xf32> attributes {tensel.kernel, tensel.num_outs = 1 : i64} {
  %0 = graph.add %a, %b : (tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  return %0 : tensor<1x4x4xf32>
}
