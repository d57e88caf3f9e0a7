// RUN: tensel-opt %s -tensel-plan-memory | FileCheck %s

// The first value dies where the second is made; an alias keeps its source alive.
// CHECK: {first = 1 : i64, last = 2 : i64, name = "{{[^"]*}}", size_expr = array<i64: 0, 16>}
// CHECK-SAME: {first = 2 : i64, last = 4 : i64
// CHECK: ids = array<i64: 0>
// CHECK: ids = array<i64: 1>
func.func @main(%x: tensor<4xf32>) -> tensor<2x2xf32> attributes {tensel.entry} {
  %c = arith.constant 0 : index
  %a = task.dispatch @k0(%x) {sizes = [array<i64: 0, 16>]} : (tensor<4xf32>) -> tensor<4xf32>
  %b = task.dispatch @k0(%a) {sizes = [array<i64: 0, 16>]} : (tensor<4xf32>) -> tensor<4xf32>
  %r = task.alias %b : tensor<4xf32> -> tensor<2x2xf32>
  return %r : tensor<2x2xf32>
}
func.func private @k0(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>

// The carried values swap places, so each takes a way of its own to the other's home.
// CHECK-LABEL: func.func @swap
// CHECK: task.ids = array<i64: 0, 1, 2, 3>
func.func @swap(%n: tensor<i64>, %go: tensor<i1>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> attributes {tensel.entry} {
  %r:2 = graph.loop %n, %go, %x, %y {task.sizes = [array<i64: 0, 16>, array<i64: 0, 16>]} : (tensor<i64>, tensor<i1>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%i: tensor<i64>, %a: tensor<4xf32>, %b: tensor<4xf32>):
    graph.yield %go, %b, %a : tensor<i1>, tensor<4xf32>, tensor<4xf32>
  }
  return %r#0 : tensor<4xf32>
}
