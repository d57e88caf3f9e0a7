// RUN: tensel-opt %s -tensel-form-dispatches -tensel-plan-memory -split-input-file -verify-diagnostics | FileCheck %s

graph.symbol @N {max = 8 : i64}

// New rows are written into the state itself: only they are touched, and the arena holds no second state. Reading dims does not count.
// CHECK-LABEL: func.func @scatter
// CHECK-SAME: tensel.planned_values = []
// CHECK: task.dispatch @k0_over_0(%arg0, %arg1, %arg2) {{.*}}ids = array<i64: -2>
// CHECK-NOT: task.ids
// CHECK: func.func private @k0_over_0({{.*}}tensel.in_place = array<i64: 0>
func.func @scatter(%s: tensor<?x4xf32> {graph.dims = ["N", 4], graph.state = "s"}, %at: tensor<1x1xi64>, %rows: tensor<1x4xf32>)
    -> (tensor<?x4xf32> {graph.state = "s"}) {
  %n = graph.scatter_nd none %s, %at, %rows : (tensor<?x4xf32>, tensor<1x1xi64>, tensor<1x4xf32>) -> tensor<?x4xf32>
  return %n : tensor<?x4xf32>
}

// -----

// The next value does not need the old one where it is made: it goes into its memory, though a transposed read came before.
// CHECK-LABEL: func.func @dead
// CHECK: task.dispatch @k0(%arg0) {ids = array<i64: 0>
// CHECK: task.dispatch @k1(%{{.*}}) {ids = array<i64: -2>
func.func @dead(%s: tensor<4x4xf32> {graph.state = "s"}) -> (tensor<4x4xf32> {graph.state = "s"}) {
  %t = graph.cumulate sum %s {axis = 0 : i64} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %n = graph.cumulate sum %t {axis = 0 : i64, reverse = true} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %n : tensor<4x4xf32>
}

// -----

// The old value is read after the next one is made, or across elements: the next one is copied at the end.
// CHECK-LABEL: func.func @late
// CHECK: task.dispatch @k0(%arg0) {ids = array<i64: 0>
// CHECK: task.dispatch @k1(%arg0{{.*}}) {ids = array<i64: 1>
func.func @late(%s: tensor<4x4xf32> {graph.state = "s"}, %x: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32> {graph.state = "s"}) {
  %n = graph.cumulate sum %s {axis = 0 : i64} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %y = graph.matmul %s, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %y, %n : tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

// Old values that are returned are saved before the next ones come, as when two states swap.
// CHECK-LABEL: func.func @swap
// CHECK-SAME: tensel.planned_values = [{first = 0 : i64, last = 0 : i64, name = "{{[^"]*}}", size_expr = array<i64: 0, 16>}, {
// CHECK: return {task.ids = array<i64: 0, 1, -1>
func.func @swap(%a: tensor<4xf32> {graph.state = "a"}, %b: tensor<4xf32> {graph.state = "b"}, %c: tensor<4xf32> {graph.state = "c"})
    -> (tensor<4xf32> {graph.state = "b"}, tensor<4xf32> {graph.state = "a"}, tensor<4xf32> {graph.state = "c"}) {
  return %a, %b, %c : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// A symbol of which one value is declared is a number in the types, and still has its name in the argument's dims.
// CHECK-LABEL: func.func @fixed
graph.symbol @batch {max = 1 : i64, min = 1 : i64}
func.func @fixed(%a: tensor<1x4xf32> {graph.state = "a", graph.dims = ["batch", 4]}) -> (tensor<1x4xf32> {graph.state = "a", graph.dims = [1, 4]}) attributes {tensel.entry} {
  return %a : tensor<1x4xf32>
}

// -----

// expected-error @+1 {{state 's': found a next value of type 'tensor<2x4xf32>' with dims [2, 4], expected those of the state, 'tensor<1x4xf32>'}}
func.func @grows(%s: tensor<1x4xf32> {graph.state = "s"}) -> (tensor<2x4xf32> {graph.state = "s"}) {
  %n = graph.concat %s, %s {axis = 0 : i64} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return %n : tensor<2x4xf32>
}

// -----

// expected-error @+1 {{found the state 's' in two arguments, expected one}}
func.func @twice(%s: tensor<4xf32> {graph.state = "s"}, %t: tensor<4xf32> {graph.state = "s"}) -> (tensor<4xf32> {graph.state = "s"}) {
  return %t : tensor<4xf32>
}
