// If and loop of the host program become blocks whose arguments are pointers and dynamic dims.
// RUN: tensel-opt %s -split-input-file -tensel-lower-task | FileCheck %s

// The branches' results have other dims than the result, which tells only its dynamic ones apart.
// CHECK-LABEL: llvm.func @tensel_entry_branch
// CHECK: llvm.cond_br %{{.*}}, ^[[THEN:.*]], ^[[ELSE:bb[0-9]+]]
// CHECK: ^[[THEN]]:
// CHECK: llvm.br ^[[JOIN:bb[0-9]+]](%{{.*}}, %{{.*}} : !llvm.ptr, i64)
// CHECK: ^[[ELSE]]:
// CHECK: llvm.br ^[[JOIN]](%{{.*}}, %{{.*}} : !llvm.ptr, i64)
func.func @branch(%c: tensor<i1>, %x: tensor<4xf32>, %y: tensor<?xf32>) -> tensor<?xf32> attributes {tensel.entry, tensel.planned_values = []} {
  %r = graph.if %c : tensor<i1> -> (tensor<?xf32>) {
    graph.yield %x : tensor<4xf32>
  } else {
    graph.yield %y : tensor<?xf32>
  }
  return %r : tensor<?xf32>
}

// -----

// The carried tensor's static dims are constants of the head, which must stand before it branches.
// CHECK-LABEL: llvm.func @tensel_entry_loop
// CHECK: ^[[HEAD:bb[0-9]+]](%{{.*}}: i64, %{{.*}}: i1, %{{.*}}: !llvm.ptr
// CHECK: llvm.mlir.constant(4 : i64)
// CHECK: llvm.cond_br
func.func @loop(%n: tensor<i64>, %c: tensor<i1>, %x: tensor<1x4xf32>) -> tensor<1x4xf32>
    attributes {tensel.entry, tensel.planned_values = [{name = "", size_expr = array<i64: 0, 16>, first = 0 : i64, last = 9 : i64}, {name = "", size_expr = array<i64: 0, 16>, first = 0 : i64, last = 9 : i64}]} {
  %r = graph.loop %n, %c, %x {task.ids = array<i64: 0, -1>, task.sizes = [array<i64: 0, 16>]} : (tensor<i64>, tensor<i1>, tensor<1x4xf32>) -> (tensor<1x4xf32>) {
  ^bb0(%i: tensor<i64>, %v: tensor<1x4xf32>):
    %w = task.dispatch @k0(%v) {ids = array<i64: 1>, sizes = [array<i64: 0, 16>]} : (tensor<1x4xf32>) -> tensor<1x4xf32>
    graph.yield %c, %w : tensor<i1>, tensor<1x4xf32>
  }
  return %r : tensor<1x4xf32>
}
llvm.func @k0(!llvm.ptr, i64, i64)
llvm.func @k0_count(!llvm.ptr) -> i64

// -----

// A program that was compiled for given elements of an input refuses others.
// CHECK: places = ["input size"]
// CHECK-LABEL: llvm.func @tensel_entry_given
// CHECK: %[[COUNT:.*]] = llvm.mlir.constant(2 : i64)
// CHECK: llvm.icmp "eq" %{{.*}}, %[[COUNT]]
// CHECK: %[[FIRST:.*]] = llvm.mlir.constant(7 : i64)
// CHECK: llvm.icmp "eq" %{{.*}}, %[[FIRST]]
// CHECK: %[[SECOND:.*]] = llvm.mlir.constant(9 : i64)
// CHECK: llvm.icmp "eq" %{{.*}}, %[[SECOND]]
func.func @given(%x: tensor<?xi64> {graph.name = "size", graph.value = array<i64: 7, 9>}) -> tensor<?xi64> attributes {tensel.entry, tensel.planned_values = []} {
  return %x : tensor<?xi64>
}

// -----

// Only the data tells whether the squeezed dim is 1.
// CHECK-LABEL: llvm.func @tensel_entry_squeeze
// CHECK: llvm.icmp "eq"
func.func @squeeze(%x: tensor<?x4xf32>) -> tensor<4xf32> attributes {tensel.entry, tensel.planned_values = []} {
  %y = task.alias %x : tensor<?x4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}
