// RUN: tensel-opt %s -tensel-lower-task | FileCheck %s

// CHECK: tensel.functions = [{dispatches = [{kernel = "k0", nodes = ["lower-task.mlir:{{[0-9:]+}}"]}], entry = "tensel_entry_main"
// CHECK-SAME: name = "x"
// CHECK-SAME: tensel.weights = ["w"]
// CHECK: llvm.func @tensel_entry_main(%[[ENV:.*]]: !llvm.ptr, %[[IN:.*]]: !llvm.ptr, %[[OUT:.*]]: !llvm.ptr) -> i32
// A dynamic size is checked against its capacity before the kernel runs.
// CHECK: llvm.icmp "ule"
// CHECK: llvm.call @k0_count
// The runtime is told which dispatch this is, and runs it.
// CHECK: llvm.store %{{.*}}, %{{.*}} : i64, !llvm.ptr
// CHECK: %[[KERNEL:.*]] = llvm.mlir.addressof @k0
// CHECK: llvm.call %{{.*}}(%[[ENV]], %[[KERNEL]], %{{.*}}) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
graph.symbol @N {max = 8 : i64}
graph.weight @w : tensor<4xf32> from "w.bin" {length = 16 : i64}
graph.weight @unused : tensor<4xf32> from "w.bin" {length = 16 : i64}
func.func @main(%x: tensor<?x4xf32> {graph.name = "x", graph.dims = ["N", 4]}) -> tensor<?x4xf32>
    attributes {tensel.entry, tensel.planned_values = [{name = "", size_expr = array<i64: 0, 16, 1, 0, 3, 0>, first = 2 : i64, last = 3 : i64}]} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %w = graph.load_weight @w : tensor<4xf32>
  %a = task.dispatch @k0(%x, %w) dims(%n) {ids = array<i64: 0>, sizes = [array<i64: 0, 16, 1, 0, 3, 0>]} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %a : tensor<?x4xf32>
}
llvm.func @k0(!llvm.ptr, i64, i64)
llvm.func @k0_count(!llvm.ptr) -> i64
